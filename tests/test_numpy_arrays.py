"""What the NumPy functions return, write and read: results, `out`, layouts, memory, threads."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusedloss as fl
from numpy_cases import CLASSES, Case, every_kind, real


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results(case: Case, dtype: type) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(15), (3, 2, CLASSES))
    y_pred = y_pred.astype(dtype)
    assert type(case.function(y_true, y_pred, **case.parameters)) is dtype
    losses = case.function(y_true, y_pred, reduction="none", **case.parameters)
    assert type(losses) is np.ndarray
    assert (losses.shape, losses.dtype) == ((3, 2), dtype)
    loss, gradient = case.function(y_true, y_pred, return_grad=True, **case.parameters)
    assert type(loss) is dtype
    assert (gradient.shape, gradient.dtype) == (y_pred.shape, dtype)
    assert gradient.flags.c_contiguous
    assert gradient.flags.writeable


@every_kind
@pytest.mark.parametrize("return_grad", [False, True])
def test_out_receives_the_gradient(case: Case, return_grad: bool) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(16), (4, CLASSES))
    loss, gradient = case.function(y_true, y_pred, return_grad=True, **case.parameters)
    for out in (np.empty_like(y_pred), np.empty((CLASSES, 8))[:, ::2].T, y_pred):
        result = case.function(y_true, y_pred, out=out, return_grad=return_grad, **case.parameters)
        np.testing.assert_array_equal(out, gradient)
        if return_grad:
            assert result[1] is out
        assert (result[0] if return_grad else result) == loss


def test_out_may_be_another_view_of_y_pred() -> None:
    y_true, y_pred = real(np.random.default_rng(17), (4, 6))
    gradient = fl.huber(y_true, y_pred, return_grad=True)[1]
    fl.huber(y_true, y_pred, out=y_pred[:])
    np.testing.assert_array_equal(y_pred, gradient)


def test_out_may_lie_between_the_elements_of_an_input() -> None:
    y_true, y_pred = real(np.random.default_rng(18), (4, 6))
    gradient = fl.huber(y_true, y_pred, return_grad=True)[1]
    together = np.stack([y_true, y_pred, np.zeros_like(y_pred)], axis=-1)
    fl.huber(together[..., 0], together[..., 1], out=together[..., 2])
    np.testing.assert_array_equal(together[..., 2], gradient)
    np.testing.assert_array_equal(together[..., :2], np.stack([y_true, y_pred], axis=-1))


def freeze(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.flags.writeable = False
    return array


def every_second(array: np.ndarray) -> np.ndarray:
    return np.repeat(array, 2, axis=-1)[..., ::2]


def backwards(array: np.ndarray) -> np.ndarray:
    return array[::-1, ..., ::-1].copy()[::-1, ..., ::-1]


def unaligned(array: np.ndarray) -> np.ndarray:
    memory = np.empty(array.nbytes + 1, np.uint8)[1:]
    result = memory.view(array.dtype).reshape(array.shape)
    result[...] = array
    return result


@every_kind
@pytest.mark.parametrize("lay_out", [freeze, np.asfortranarray, every_second, backwards, unaligned])
def test_memory_layout_does_not_matter(
    case: Case, lay_out: Callable[[np.ndarray], np.ndarray]
) -> None:
    random = np.random.default_rng(19)
    y_true, y_pred = case.draw(random, (5, 4, CLASSES))
    arrays = [y_true, y_pred, random.random((5, 4)), random.random((5, 4)) < 0.8]
    laid_out = [lay_out(array) for array in arrays]

    def evaluate(y_true: np.ndarray, y_pred: np.ndarray, w: np.ndarray, mask: np.ndarray) -> Any:
        options = {"sample_weight": w, "mask": mask, "return_grad": True} | case.parameters
        return case.function(y_true, y_pred, **options)

    loss, gradient = evaluate(*laid_out)
    expected, expected_gradient = evaluate(*arrays)
    # The order of memory may choose another kernel, which adds the same terms in another order.
    np.testing.assert_allclose(loss, expected, rtol=1e-14)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-13, atol=1e-16)
    for array, original in zip(laid_out, arrays, strict=True):
        np.testing.assert_array_equal(array, original)


def test_views_that_repeat_memory() -> None:
    random = np.random.default_rng(20)
    row = random.normal(size=(1, 6))
    y_true, y_pred = random.normal(size=(5, 6)), np.broadcast_to(row, (5, 6))
    loss, gradient = fl.huber(y_true, y_pred, return_grad=True)
    expected, expected_gradient = fl.huber(y_true, y_pred.copy(), return_grad=True)
    assert loss == expected
    np.testing.assert_array_equal(gradient, expected_gradient)


def test_subclasses_are_read_as_arrays(tmp_path: Any) -> None:
    y_true, y_pred = real(np.random.default_rng(21), (5, 6))
    np.save(tmp_path / "predictions.npy", y_pred)
    mapped = np.load(tmp_path / "predictions.npy", mmap_mode="r")
    assert fl.huber(y_true, mapped) == fl.huber(y_true, y_pred)


def test_large_gradients_stay_as_long_as_they_are_used() -> None:
    random = np.random.default_rng(22)
    y_true, y_pred = random.normal(size=(2, 1000, 600)).astype(np.float32)
    gradients = [fl.huber(y_true, k * y_pred, return_grad=True)[1] for k in range(3)]
    for k, gradient in enumerate(gradients):
        expected = np.clip(k * y_pred - y_true, -1, 1) / y_pred.size
        # Two roundings: of the quotient, and of the division by a product of two sizes.
        np.testing.assert_allclose(gradient, expected, rtol=4 * 2**-24, atol=1e-13)
    view = gradients.pop()[10:20]
    copy = view.copy()
    del gradients, gradient
    fl.huber(y_true, y_pred, return_grad=True)
    fl.release_memory()
    np.testing.assert_array_equal(view, copy)


@every_kind
def test_threads_do_not_change_a_bit(case: Case) -> None:
    y_true, y_pred = case.draw(np.random.default_rng(23), (3000, CLASSES * 10))
    parameters = {k: v for k, v in case.parameters.items() if k != "class_weight"}
    results = []
    for threads in (1, 2, 5):
        fl.set_num_threads(threads)
        assert fl.get_num_threads() == threads
        results.append(case.function(y_true, y_pred, return_grad=True, **parameters))
    for loss, gradient in results[1:]:
        assert loss == results[0][0]
        np.testing.assert_array_equal(gradient, results[0][1])


@pytest.mark.parametrize("dtype", [">i2", ">i8", ">u4", "u2", "u8", ">f4", ">f8"])
def test_targets_in_any_byte_order_and_width(dtype: str) -> None:
    y_pred = np.array([[0.25, 0.5, 0.25], [0.5, 0.25, 0.25]])
    if np.dtype(dtype).kind == "f":
        one_hot = np.array([[0, 1, 0], [0, 0, 1]])
        wanted = fl.categorical_crossentropy(one_hot, y_pred)
        assert fl.categorical_crossentropy(one_hot.astype(dtype), y_pred) == wanted
    else:
        labels = np.array([1, 2])
        wanted = fl.sparse_categorical_crossentropy(labels, y_pred)
        assert fl.sparse_categorical_crossentropy(labels.astype(dtype), y_pred) == wanted


LOGITS = np.array([[2.0, -3.0], [0.5, 0.0]])
ABSENT = np.array([[0.0, 1.0], [1.0, 0.0]])


@pytest.mark.parametrize(
    "name", [n for n in fl.__all__ if n.endswith(("crossentropy", "cross_entropy"))]
)
def test_logits_are_not_taken_for_probabilities(name: str) -> None:
    loss = getattr(fl, name)
    y_true = np.array([1, 0]) if name.startswith("sparse") else ABSENT
    with pytest.raises(
        ValueError, match=r"^y_pred must be in \[0, .*: logits need from_logits=True"
    ):
        loss(y_true, LOGITS)
    padded = LOGITS.copy()
    padded[1] = 0.25, 0.75
    loss(y_true, padded, mask=np.array([False, True]))  # what is not there may hold anything


def test_values_outside_a_domain() -> None:
    with pytest.raises(ValueError, match=r"^y_true must be in \[0, 1\], got -1 at \(0, 1\)"):
        fl.multilabel_margin(np.array([[0, -1]]), LOGITS[:1])
    with pytest.raises(ValueError, match=r"^variance must be in \[0, inf\], got -3\.0 at \(0, 1\)"):
        fl.gaussian_nll(ABSENT, LOGITS, LOGITS)
    assert np.isnan(fl.gaussian_nll(ABSENT, LOGITS, np.full((2, 2), np.nan)))

"""What single NumPy functions offer beside their formula: statistics, normalisers, labels."""

from typing import Any

import numpy as np
import pytest

import fusedloss as fl
from numpy_cases import CLASSES, WEIGHTS, binary_logits, soft_logits, sparse_logits
from numpy_formulas import binary_focal_crossentropy

SPARSE = fl.sparse_categorical_crossentropy
SCALES: list[dict[str, float]] = [{}, {"softcap": 4.0, "temperature": 0.5, "z_loss": 0.1}]


def expected_statistics(
    labels: np.ndarray, logits: np.ndarray, softcap: float = 0, temperature: float = 1, **_: Any
) -> fl.Statistics:
    x = (softcap * np.tanh(logits / softcap) if softcap else logits) / temperature
    lse = np.log(np.exp(x).sum(-1))
    log_p = x - lse[..., None]
    entropy = -(np.exp(log_p) * log_p).sum(-1)
    of_label = np.take_along_axis(log_p, labels[..., None], -1)[..., 0]
    best = x.argmax(-1)
    return fl.Statistics(lse, of_label, entropy, best, best == labels)


@pytest.mark.parametrize("scales", SCALES, ids=["plain", "scaled"])
@pytest.mark.parametrize("classes", [3, CLASSES, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_statistics(scales: dict[str, float], classes: int, dtype: type) -> None:
    labels, logits = sparse_logits(np.random.default_rng(1), (5, 4, classes))
    logits = logits.astype(dtype)
    options: dict[str, Any] = {"from_logits": True, "reduction": "none", **scales}
    losses, gradient, got = SPARSE(
        labels, logits, return_grad=True, return_statistics=True, label_smoothing=0.1, **options
    )
    wanted = expected_statistics(labels, logits.astype(float), **scales)
    for name in ["log_sum_exp", "label_log_prob", "entropy"]:
        array = getattr(got, name)
        assert (array.dtype, array.shape) == (dtype, (5, 4))
        np.testing.assert_allclose(
            array, getattr(wanted, name), rtol=1e-5, atol=1e-5 if dtype == np.float32 else 1e-13
        )
    np.testing.assert_array_equal(got.argmax, wanted.argmax)
    np.testing.assert_array_equal(got.correct, wanted.correct)
    assert got.argmax.dtype == np.int64
    assert got.correct.dtype == np.bool_
    plain, plain_gradient = SPARSE(labels, logits, return_grad=True, label_smoothing=0.1, **options)
    np.testing.assert_allclose(losses, plain, rtol=1e-6)
    np.testing.assert_allclose(gradient, plain_gradient, rtol=1e-5, atol=1e-7)


def test_statistics_of_rows_that_do_not_count() -> None:
    labels, logits = sparse_logits(np.random.default_rng(2), (6, CLASSES))
    labels[0] = -1
    loss, got = SPARSE(
        labels,
        logits,
        from_logits=True,
        ignore_class=-1,
        mask=np.array([True, False, True, True, True, True]),
        sample_weight=np.array([1.0, 1, 0, 1, 1, 1]),
        return_statistics=True,
    )
    wanted = expected_statistics(labels.clip(0), logits)
    assert np.isfinite(loss)
    for name, array in got._asdict().items():
        nothing = {"argmax": -1, "correct": False}.get(name, 0)
        assert (array[:3] == nothing).all()
        np.testing.assert_allclose(array[3:], getattr(wanted, name)[3:], rtol=1e-13)


def test_statistics_of_soft_labels() -> None:
    y_true, logits = soft_logits(np.random.default_rng(3), (6, CLASSES))
    loss, got = fl.categorical_crossentropy(
        y_true, logits, from_logits=True, return_statistics=True
    )
    assert loss == pytest.approx(fl.categorical_crossentropy(y_true, logits, from_logits=True))
    assert got.label_log_prob is got.correct is None
    np.testing.assert_array_equal(got.argmax, logits.argmax(-1))


def test_statistics_along_another_axis() -> None:
    labels, logits = sparse_logits(np.random.default_rng(4), (3, 4, CLASSES))
    options: dict[str, Any] = {"from_logits": True, "return_statistics": True}
    _, wanted = SPARSE(labels, logits, **options)
    _, got = SPARSE(labels, np.moveaxis(logits, -1, 1).copy(), axis=1, **options)
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13)


@pytest.mark.parametrize(
    "function", ["categorical_crossentropy", "sparse_categorical_crossentropy"]
)
@pytest.mark.parametrize(
    "extra", [{"z_loss": 0.1}, {"softcap": 5}, {"temperature": 2}, {"return_statistics": True}]
)
def test_extras_are_for_logits(function: str, extra: dict[str, Any]) -> None:
    draw = sparse_logits if function.startswith("sparse") else soft_logits
    y_true, y_pred = draw(np.random.default_rng(5), (4, CLASSES))
    (name,) = extra
    with pytest.raises(ValueError, match=f"{name} needs from_logits=True, got from_logits=False"):
        getattr(fl, function)(y_true, y_pred, **extra)


@pytest.mark.parametrize("from_logits", [False, True])
def test_focal_alpha_may_differ_between_outputs(from_logits: bool) -> None:
    y_true, y_pred = binary_logits(np.random.default_rng(6), (5, CLASSES))
    y_pred = y_pred if from_logits else 1 / (1 + np.exp(-y_pred))
    alpha = np.linspace(0, 1, CLASSES)
    options: dict[str, Any] = {"from_logits": from_logits, "apply_class_balancing": True}
    for axis, weights in [(-1, alpha), (0, np.linspace(0, 1, 5))]:
        losses = fl.binary_focal_crossentropy(
            y_true, y_pred, alpha=list(weights), axis=axis, reduction="none", **options
        )
        shaped = weights if axis == -1 else weights[:, None]
        expected = binary_focal_crossentropy(y_true, y_pred, alpha=shaped, axis=axis, **options)
        np.testing.assert_allclose(losses, expected, rtol=1e-11)


FOCAL = ["binary_focal_crossentropy", "categorical_focal_crossentropy"]


@pytest.mark.parametrize("name", [*FOCAL, "sparse_categorical_focal_crossentropy"])
@pytest.mark.parametrize("shape", [(9,), (9, CLASSES), (3, 3, CLASSES)], ids=str)
def test_focal_losses_over_their_positives(name: str, shape: tuple[int, ...]) -> None:
    """The normaliser of detectors: how much there is to find, where rows count."""
    if name != FOCAL[0] and len(shape) == 1:
        pytest.skip("there are no rows of classes")
    random = np.random.default_rng(7)
    draw = {FOCAL[0]: binary_logits, FOCAL[1]: soft_logits}.get(name, sparse_logits)
    y_true, y_pred = draw(random, shape)
    rows = shape if len(shape) == 1 else shape[:-1]
    weight, mask = random.integers(0, 3, rows) / 2, random.random(rows) < 0.7
    if name.startswith("sparse"):
        y_true[..., 0] = -1
        counts = mask & (weight != 0) & (y_true != -1)
        positives, labels = counts.sum(), {"ignore_class": -1}
    else:
        counts = mask & (weight != 0)
        positives, labels = y_true[counts].sum(), {}
    function = getattr(fl, name)
    options: dict[str, Any] = {"from_logits": True, "return_grad": True, **labels}
    options |= {"sample_weight": weight, "mask": mask}
    loss, gradient = function(y_true, y_pred, denominator="positives", **options)
    total, of_total = function(y_true, y_pred, reduction="sum", **options)
    assert loss == pytest.approx(total / positives, rel=1e-12)
    np.testing.assert_allclose(gradient, of_total / positives, rtol=1e-12)
    nothing = np.zeros(rows, bool)
    assert function(y_true, y_pred, denominator="positives", **options | {"mask": nothing})[0] == 0


def test_fewer_positives_than_one_count_as_one() -> None:
    y_true, y_pred = np.zeros((4, 3)), np.zeros((4, 3))
    options: dict[str, Any] = {"from_logits": True}
    loss = fl.binary_focal_crossentropy(y_true, y_pred, denominator="positives", **options)
    assert loss == fl.binary_focal_crossentropy(y_true, y_pred, reduction="sum", **options)


@pytest.mark.parametrize("name", ["hinge", "squared_hinge"])
@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "f4"])
def test_hinge_labels_of_0_and_1_are_signs(name: str, dtype: str) -> None:
    labels, scores = binary_logits(np.random.default_rng(8), (5, 3))
    function = getattr(fl, name)
    expected = function(2 * labels - 1, scores)
    assert function(labels.astype(dtype), scores) == expected
    mixed = labels.astype(float)
    mixed[0, 0] = -1  # with three kinds of labels none is converted
    wanted = np.maximum(0, 1 - mixed * scores) ** (2 if name.startswith("sq") else 1)
    np.testing.assert_allclose(
        function(mixed, scores, reduction="none"), wanted.mean(-1), rtol=1e-12
    )


def test_log_cosh_keeps_small_errors() -> None:
    """ln(cosh(x)) is x^2 / 2 there; x + softplus(-2 x) - ln(2) is 0 or noise."""
    errors = np.float32([1e-6, 1e-5, 1e-4, 1e-3])
    losses = fl.log_cosh(np.zeros_like(errors), errors, reduction="none")
    np.testing.assert_allclose(losses, errors.astype(float) ** 2 / 2, rtol=1e-5)


def test_class_weights_of_margins() -> None:
    labels, scores = sparse_logits(np.random.default_rng(9), (8, CLASSES))
    losses = fl.multi_margin(labels, scores, reduction="none")
    weighted = fl.multi_margin(labels, scores, class_weight=WEIGHTS, reduction="none")
    np.testing.assert_allclose(weighted, WEIGHTS[labels] * losses, rtol=1e-13)

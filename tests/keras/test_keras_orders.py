"""Derivatives of higher order, in both modes, by everything that a loss is called with."""

from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import Any

import keras
import numpy as np
import pytest
from keras_cases import Case, named, needs_current_keras
from keras_tensors import BACKEND, Tensor, array, assert_close, pushed, slopes, tensor

from fusedloss.keras import CategoricalCrossentropy, Huber, binary_crossentropy

pytestmark = [
    needs_current_keras,
    pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning"),
]

SHAPE, ROWS = (4, 3, 5), (4, 3)
WEIGHTS = np.linspace(0, 2, 12, dtype=np.float32).reshape(ROWS)  # the first is 0
NAMES = [
    "CosineSimilarity",
    "CategoricalCrossentropy-from_logits=True-label_smoothing=0.2"
    "-class_weight=[0.1, 0.2, 0.3, 0.25, 0.15]-axis=1",
    "SparseCategoricalCrossentropy-from_logits=True-ignore_class=2"
    "-temperature=2.0-softcap=3.0-z_loss=0.1",
    "GaussianNLL",
]
MEANS = ["mean_with_sample_weight", "sum_over_batch_size"]
Function = Callable[..., Tensor]


def variables(case: Case) -> tuple[list[Tensor], Callable[[Any], Function]]:
    """What a loss is differentiated by, and the loss as a function of it."""
    y_true, y_pred = case.batch(*((4, 5, 3) if case.axis == 1 else SHAPE))
    # Weights times 1: Keras on torch writes to those it is given if a class is ignored.
    if case.targets == "label":
        return [y_pred, tensor(WEIGHTS)], lambda loss: lambda x, w: loss(y_true, x, w * 1)
    return [y_pred, tensor(WEIGHTS), y_true], lambda loss: lambda x, w, y: loss(y, x, w * 1)


def compiled(function: Callable[[], Any]) -> Any:
    """What a function returns: JAX would compile each of its operations by itself otherwise."""
    if BACKEND != "jax":
        return function()
    import jax

    return jax.jit(function)()


@pytest.mark.parametrize(("name", "reduction"), [*zip(NAMES, cycle(MEANS), strict=False)])
def test_every_order_and_both_modes(name: str, reduction: str) -> None:
    """The slopes of the slope by each variable, and of how that by the predictions curves."""
    case = named(name)
    given, of = variables(case)
    random = np.random.default_rng(1)
    moves = [tensor(random.normal(size=tuple(each.shape)), "float32") for each in given]

    def along(function: Function, place: int) -> Function:
        """The slope by one variable alone: nothing tells that of others one may follow."""

        def slope(*each: Tensor) -> Tensor:
            def of_one(x: Tensor) -> Tensor:
                return function(*each[:place], x, *each[place + 1 :])

            return keras.ops.sum(slopes(of_one, [each[place]])[0] * moves[place])

        return slope

    def derivatives(loss: Any) -> list[Tensor]:
        value = of(loss)
        first = [along(value, place) for place in range(len(given))]
        found = [each for one in [*first, along(first[0], 0)] for each in slopes(one, given)]
        return [*found, *(pushed(one, given, moves) for one in (value, first[0]))]

    ours, theirs = (
        compiled(lambda loss=loss: derivatives(loss))
        for loss in (case.ours(reduction=reduction), case.theirs(reduction=reduction))
    )
    for mine, other in zip(ours, theirs, strict=True):
        assert_close(mine, other, rtol=1e-3, atol=1e-4)


def test_there_is_no_derivative_by_what_a_loss_keeps() -> None:
    """Weights of classes are saved with a loss, as numbers. It is said, rather than 0 returned."""
    y_true, y_pred = np.eye(3, dtype=np.float32), np.zeros((3, 3), np.float32)
    refused = {"jax": TypeError}.get(BACKEND, NotImplementedError)

    def by_class(weights: Tensor) -> Tensor:
        loss = CategoricalCrossentropy(from_logits=True, class_weight=weights)
        return loss(y_true, y_pred)

    def by_positives(weights: Tensor) -> Tensor:
        losses = binary_crossentropy(y_true, y_pred, from_logits=True, pos_weight=weights)
        return keras.ops.sum(losses)

    for loss, name in ((by_class, "class_weight"), (by_positives, "pos_weight")):
        with pytest.raises(refused, match=f"{name} .*numbers"):
            slopes(loss, [tensor(WEIGHTS[0])])
        assert float(loss(tensor(WEIGHTS[0]))) > 0  # as it is


def test_a_weight_of_0_and_a_loss_that_is_not_finite() -> None:
    """Nothing of it is heard, but that there is no derivative by that weight."""
    y_true, y_pred = named("Huber").batch(*SHAPE)
    others = np.ones(ROWS, bool)
    others[0, 0] = False
    poisoned = np.where(others[..., None], array(y_pred), np.nan)

    def loss(x: Tensor, w: Tensor) -> Tensor:
        return Huber()(y_true, x, w)

    def curvature(x: Tensor, w: Tensor) -> Tensor:
        return keras.ops.sum(slopes(lambda x: loss(x, w), [x])[0] ** 2)

    for function in (loss, curvature):
        clean, broken = (
            compiled(partial(slopes, function, [tensor(x), tensor(WEIGHTS)]))
            for x in (array(y_pred), poisoned)
        )
        assert_close(broken[0], clean[0])
        assert_close(array(broken[1])[others], array(clean[1])[others])
        if function is loss:
            assert np.isnan(array(broken[1])[0, 0])

"""First and second derivatives of every function, by every argument that has them."""

import pytest
import torch
from torch import Tensor
from torch_samples import ALL, PREDICTIONS, Arguments, extras, recorded
from torch_support import is_fused

each = pytest.mark.parametrize("name", ALL)

# Targets that are signs or counts: where they change, so does the formula.
FIXED_TARGETS = {
    "hinge_embedding_loss",
    "hinge_loss",
    "margin_ranking_loss",
    "soft_margin_loss",
    "squared_hinge_loss",
    "zero_inflated_poisson_nll_loss",
}


def check(name: str, arguments: Arguments) -> None:
    leaves = {k: v for k, v in arguments.items() if isinstance(v, Tensor) and v.requires_grad}

    def loss(*values: Tensor) -> Tensor:
        return ALL[name][0](**{**arguments, **dict(zip(leaves, values, strict=True))})

    inputs = tuple(leaves.values())
    assert torch.autograd.gradcheck(loss, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(loss, inputs, fast_mode=True)


@each
def test_predictions(name: str) -> None:
    function, sample = ALL[name]
    arguments = recorded(sample())
    extra = extras(function, arguments)
    assert is_fused(function(**{**arguments, "reduction": "none"}))
    check(name, arguments)
    check(name, {**arguments, **extra})
    check(name, {**arguments, "reduction": "none", "sample_weight": extra["sample_weight"]})


@each
def test_each_prediction_alone(name: str) -> None:
    arguments = ALL[name][1]()
    predictions = [key for key in arguments if key in PREDICTIONS]
    if len(predictions) > 1:
        for prediction in predictions:
            check(name, recorded(arguments, frozenset({prediction})))


@each
def test_everything_at_once(name: str) -> None:
    function, sample = ALL[name]
    arguments = sample()
    arguments.update(extras(function, arguments))
    del arguments["denominator"]
    # By pos_weight torch has no derivative either, and says so.
    constant = {"pos_weight", "target" if name in FIXED_TARGETS else ""}
    check(name, recorded(arguments, frozenset(arguments) - constant))

"""Numbers, reductions, dtypes and special values: those of torch.nn.functional."""

import inspect

import pytest
import torch
import torch.nn.functional as F
from torch_cases import CASES, Case
from torch_checks import (
    REDUCTIONS,
    assert_accurate,
    evaluate_all,
    in_double,
    in_dtype,
)

import fusedloss.torch.functional as FL

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 1e-30, 1e4, -1e4, 100.0, -100.0, torch.inf, -torch.inf)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize(
    ("case", "dtype"),
    [(case, dtype) for case in CASES for dtype in case.dtypes],
    ids=lambda value: getattr(value, "id", str(value)),
)
def test_values_and_gradients_are_those_of_torch(case: Case, dtype: torch.dtype) -> None:
    arguments = in_dtype(case.inputs(), dtype)
    wide = in_dtype(arguments, torch.float64)
    for reduction in REDUCTIONS:
        options = case.options | {"reduction": reduction}
        exact_options = in_double(options)
        shape = case.theirs(*wide, **exact_options).shape
        for upstream in (torch.ones(shape), torch.randn(shape)):
            loss, gradients = evaluate_all(case.ours, arguments, case.wrt, upstream, **options)
            exact, exact_gradients = evaluate_all(
                case.theirs, wide, case.wrt, upstream.double(), **exact_options
            )
            assert loss.dtype is torch.promote_types(dtype, torch.float32)
            assert_accurate(loss, exact, loss.dtype, units=case.units)
            for gradient, exact_gradient in zip(gradients, exact_gradients, strict=True):
                assert gradient.dtype is dtype
                # Half precision is computed in float32 and rounded, float16 by the backward once
                # more. What was broadcast has a sum of such gradients.
                units = case.units if loss.dtype is dtype else 1
                terms = arguments[0].numel() // max(1, gradient.numel())
                assert_accurate(gradient, exact_gradient, dtype, units=units, terms=terms)


# Losses that torch differentiates with respect to their targets, too.
TARGETS = ["mse", "l1", "huber", "smooth-l1", "poisson", "poisson-rate", "gaussian", "kl", "kl-log"]
TARGETS += ["bce-logits", "bce-logits-pos-weight", "ce-prob", "ce-prob-smooth-weight", "ranking"]
TARGETS += ["multilabel-soft", "log-cosh", "pinball", "mape", "msle", "hinge", "squared-hinge"]
TARGETS += ["gamma", "tweedie", "cosine", "gce-prob", "categorical-hinge-prob", "ce-scaled-prob"]


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("name", TARGETS)
def test_gradients_of_targets(name: str) -> None:
    (case,) = [case for case in CASES if case.id == name]
    arguments = in_dtype(case.inputs(), torch.float64)
    wrt = (*case.wrt, 2 if name == "ranking" else 1)
    for reduction in REDUCTIONS:
        options = in_double(case.options) | {"reduction": reduction}
        upstream = torch.randn_like(case.theirs(*arguments, **options))
        _, gradients = evaluate_all(case.ours, arguments, wrt, upstream, **options)
        _, exact = evaluate_all(case.theirs, arguments, wrt, upstream, **options)
        for gradient, exact_gradient in zip(gradients, exact, strict=True):
            torch.testing.assert_close(gradient, exact_gradient)


# What every loss takes on top of torch's arguments.
EXTRAS = ["sample_weight", "mask", "denominator"]
IN_PLACE = ["inplace"]  # where there is one prediction: see test_torch_inplace.py
OTHER_EXTRAS = {"cross_entropy": ["temperature", "softcap", "z_loss", "return_statistics"]}


def test_every_loss_of_torch_is_there() -> None:
    losses = {name for name in dir(F) if name.endswith(("_loss", "cross_entropy", "_logits"))}
    losses |= {"kl_div"}
    assert losses - set(FL.__all__) == {"ctc_loss", "linear_cross_entropy"} & losses


@pytest.mark.parametrize("name", FL.__all__)
def test_signatures_are_those_of_torch(name: str) -> None:
    ours = inspect.signature(getattr(FL, name)).parameters
    extras = [*OTHER_EXTRAS.get(name, ()), *EXTRAS, *(n for n in IN_PLACE if n in ours)]
    assert list(ours)[-len(extras) :] == extras
    assert all(ours[extra].kind is inspect.Parameter.KEYWORD_ONLY for extra in extras)
    if not hasattr(F, name):
        assert ours["reduction"].default in ("mean", "none")
        return
    shared = [p for p in ours.values() if p.name not in extras]
    theirs = dict(inspect.signature(getattr(F, name)).parameters)
    expected = list(theirs)
    if "weight" not in expected and name in ("mse_loss", "l1_loss", "huber_loss"):
        expected.append("weight")  # torch < 2.6 has none
    assert [p.name for p in shared] == expected
    for parameter in shared:
        if parameter.name in theirs:
            assert parameter.default == theirs[parameter.name].default
            assert parameter.kind == theirs[parameter.name].kind

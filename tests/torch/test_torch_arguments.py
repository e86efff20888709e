"""Arguments of a wrong kind or size: refused by name, with what came and what is expected."""

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_arguments import LABELS, OF_LABELS, X, Y, given, names_of
from torch_cases import FIRST

import fusedloss.torch.functional as FL

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
each = pytest.mark.parametrize("name", FL.__all__)


def target_of(name: str) -> Tensor:
    return LABELS if name in OF_LABELS else Y


@each
def test_unknown_reductions(name: str) -> None:
    for wrong in ("average", None, 1, ["mean"]):
        with pytest.raises(ValueError, match="reduction must be 'none', 'mean' or 'sum', got"):
            getattr(FL, name)(*given(name), reduction=wrong)


@each
def test_arguments_that_are_not_tensors(name: str) -> None:
    function, arguments = getattr(FL, name), given(name)
    for position, argument in enumerate(names_of(name)):
        for wrong in ([0.0], 1.0, None, np.zeros((6, 5), np.float32)):
            if argument in ("var", "dispersion", "zero_logit"):
                if isinstance(wrong, float):
                    continue
                expected = "a number"
            else:
                expected = "a torch.Tensor"
            others = [*arguments]
            others[position] = wrong
            message = rf"^{argument} must be {expected}, got {type(wrong).__name__}"
            with pytest.raises(TypeError, match=message):
                function(*others)
    for extra in ("sample_weight", "mask"):
        for wrong in ([0.0], 1.0, np.ones(6, np.float32)):
            with pytest.raises(TypeError, match=rf"^{extra} must be a torch.Tensor, got"):
                function(*arguments, **{extra: wrong})
    nothing = [np.zeros((6, 5), np.float32)] * len(arguments)
    with pytest.raises(TypeError, match=rf"^{names_of(name)[0]} must be a torch.Tensor"):
        function(*nothing)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64], ids=str)
@each
def test_predictions_that_are_not_floating_point(name: str, dtype: torch.dtype) -> None:
    for position in FIRST[name].wrt:
        arguments = [*given(name)]
        arguments[position] = arguments[position].to(dtype)
        argument = names_of(name)[position]
        if name == "l1_loss" and dtype.is_complex:
            continue  # a loss of complex numbers in torch as well: see test_torch_tensors.py
        message = rf"^{argument} must be float32, float64, float16 or bfloat16, got {dtype}"
        with pytest.raises(TypeError, match=message):
            getattr(FL, name)(*arguments)


@each
def test_complex_targets_and_weights(name: str) -> None:
    arguments, names = given(name), names_of(name)
    for position, argument in enumerate(names):
        if argument.startswith("target"):
            others = [*arguments]
            others[position] = others[position].to(torch.complex64)
            with pytest.raises(TypeError, match=rf"^{argument}"):
                getattr(FL, name)(*others)
    with pytest.raises(TypeError, match=r"^sample_weight"):
        getattr(FL, name)(*arguments, sample_weight=torch.ones(6, dtype=torch.complex64))


@each
def test_masks_that_are_not_bool(name: str) -> None:
    for dtype in (torch.float32, torch.int64, torch.uint8):
        with pytest.raises(TypeError, match=rf"^mask must be a bool tensor, got {dtype}"):
            getattr(FL, name)(*given(name), mask=torch.ones(6, dtype=dtype))


@pytest.mark.parametrize(
    "name", ["binary_cross_entropy", "binary_cross_entropy_with_logits", "sigmoid_focal_loss"]
)
def test_binary_targets_of_another_size(name: str) -> None:
    for shape in ((4,), (3,), (4, 1), (5, 3)):
        with pytest.raises(ValueError, match=r"must have the shape of input.*\(4, 3\), got"):
            getattr(FL, name)(X, torch.zeros(shape))


def test_weights_of_another_size() -> None:
    for name in ("mse_loss", "l1_loss", "huber_loss"):
        with pytest.raises(ValueError, match=r"^weight must have the shape of input, \(4, 3\)"):
            getattr(FL, name)(X, Y, weight=torch.ones(3))
    for name in ("binary_cross_entropy", "binary_cross_entropy_with_logits"):
        with pytest.raises(ValueError, match=r"^weight must broadcast to the shape of input"):
            getattr(FL, name)(X, Y, weight=torch.ones(4))
    with pytest.raises(ValueError, match=r"^pos_weight must broadcast to the shape of input"):
        FL.binary_cross_entropy_with_logits(X, Y, pos_weight=torch.ones(2, 4, 3))
    for name in [name for name in OF_LABELS if name != "categorical_hinge_loss"]:
        for shape in ((4,), (1,), (3, 1), ()):
            with pytest.raises(ValueError, match=r"^weight has shape"):
                getattr(FL, name)(X, LABELS, weight=torch.ones(shape))


@each
def test_sample_weights_and_masks_of_another_size(name: str) -> None:
    losses = getattr(FL, name)(*given(name), reduction="none").shape
    for shape in ((5,), (7,), (1, 4), (*losses, 1), (4, 6)):
        message = r"must broadcast to the shape of the losses"
        with pytest.raises(ValueError, match=rf"^sample_weight {message}"):
            getattr(FL, name)(*given(name), sample_weight=torch.ones(shape))
        with pytest.raises(ValueError, match=rf"^mask {message}"):
            getattr(FL, name)(*given(name), mask=torch.ones(shape, dtype=torch.bool))


@each
def test_denominators(name: str) -> None:
    function, arguments = getattr(FL, name), given(name)
    for wrong in (0, -1, float("nan"), float("inf"), torch.tensor(0.0)):
        with pytest.raises(ValueError, match=r"^denominator must be finite and > 0, got"):
            function(*arguments, reduction="mean", denominator=wrong)
    with pytest.raises(ValueError, match=r"^denominator must be 0-d, got shape \(1,\)"):
        function(*arguments, reduction="mean", denominator=torch.ones(1))
    learned = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(ValueError, match=r"^denominator must not require a gradient"):
        function(*arguments, reduction="mean", denominator=learned)
    kind = r"ValueError|TypeError"
    with pytest.raises((TypeError, ValueError), match=r"^denominator must be a number") as caught:
        function(*arguments, reduction="mean", denominator="4")
    assert re.match(kind, caught.typename)
    for reduction in ("sum", "none"):
        with pytest.raises(ValueError, match=rf"^denominator .* reduction='{reduction}' has none"):
            function(*arguments, reduction=reduction, denominator=4)


@each
def test_inputs_are_never_modified(name: str) -> None:
    arguments = list(given(name))
    for position in FIRST[name].wrt:
        arguments[position].requires_grad_()
    weight, mask = torch.rand(6), torch.rand(6) < 0.5
    tensors = [*arguments, weight, mask]
    copies = [t.detach().clone() for t in tensors]
    getattr(FL, name)(*arguments, reduction="mean", sample_weight=weight, mask=mask).backward()
    for tensor, copy in zip(tensors, copies, strict=True):
        assert torch.equal(tensor, copy)


def test_the_names_that_torch_does_not_have() -> None:
    assert set(FL.__all__) - set(dir(F)) == {
        "categorical_hinge_loss",
        "cosine_similarity_loss",
        "gamma_nll_loss",
        "generalized_cross_entropy",
        "hinge_loss",
        "log_cosh_loss",
        "mape_loss",
        "msle_loss",
        "negative_binomial_nll_loss",
        "pinball_loss",
        "sigmoid_focal_loss",
        "softmax_focal_loss",
        "squared_hinge_loss",
        "tweedie_nll_loss",
        "zero_inflated_poisson_nll_loss",
    }

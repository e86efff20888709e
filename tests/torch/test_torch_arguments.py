"""Bad arguments: each is refused with what it was called, what came, and what is expected."""

import inspect
import re
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_cases import FIRST

import fusedloss.torch.functional as FL
from fusedloss import LabelError

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
X, Y = torch.zeros(4, 3), torch.zeros(4, 3)
LABELS = torch.zeros(4, dtype=torch.int64)
OF_LABELS = ["cross_entropy", "nll_loss", "softmax_focal_loss", "generalized_cross_entropy"]
OF_LABELS += ["categorical_hinge_loss", "multi_margin_loss"]
each = pytest.mark.parametrize("name", FL.__all__)


def given(name: str) -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    return FIRST[name].inputs()


def names_of(name: str) -> list[str]:
    return list(inspect.signature(getattr(FL, name)).parameters)[: len(given(name))]


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


@pytest.mark.parametrize(
    ("name", "parameter", "wrong"),
    [
        ("huber_loss", "delta", 0.0),
        ("huber_loss", "delta", float("nan")),
        ("poisson_nll_loss", "eps", -1.0),
        ("cross_entropy", "label_smoothing", 1.5),
        ("softmax_focal_loss", "label_smoothing", -0.1),
        ("softmax_focal_loss", "gamma", -1.0),
        ("softmax_focal_loss", "alpha", -1.0),
        ("sigmoid_focal_loss", "gamma", float("inf")),
        ("sigmoid_focal_loss", "alpha", 1.5),
        ("cross_entropy", "temperature", 0.0),
        ("cross_entropy", "softcap", -1.0),
        ("cross_entropy", "z_loss", -1e-4),
        ("smooth_l1_loss", "beta", -1.0),
        ("gaussian_nll_loss", "eps", -1.0),
        ("generalized_cross_entropy", "q", 0.0),
        ("generalized_cross_entropy", "q", 1.5),
        ("pinball_loss", "quantile", 1.1),
        ("mape_loss", "eps", 0.0),
        ("msle_loss", "eps", -1.0),
        ("gamma_nll_loss", "eps", -1.0),
        ("tweedie_nll_loss", "power", 0.9),
        ("tweedie_nll_loss", "power", 3.1),
        ("negative_binomial_nll_loss", "eps", -1.0),
        ("negative_binomial_nll_loss", "dispersion", -1.0),
        ("zero_inflated_poisson_nll_loss", "eps", -1.0),
        ("hinge_embedding_loss", "margin", float("nan")),
        ("margin_ranking_loss", "margin", float("inf")),
        ("multi_margin_loss", "margin", float("nan")),
        ("cosine_similarity_loss", "eps", 0.0),
        ("cosine_embedding_loss", "margin", float("nan")),
        ("triplet_margin_loss", "margin", 0.0),
        ("triplet_margin_loss", "margin", -1.0),
        ("triplet_margin_loss", "eps", -1.0),
        ("triplet_margin_with_distance_loss", "margin", 0.0),
    ],
)
def test_parameters(name: str, parameter: str, wrong: float) -> None:
    options: dict[str, Any] = {parameter: wrong}
    if parameter == "eps" and "log_input" in inspect.signature(getattr(FL, name)).parameters:
        options["log_input"] = False
    arguments = [a for a, n in zip(given(name), names_of(name), strict=True) if n != parameter]
    with pytest.raises(ValueError, match=rf"^{parameter} must be finite and"):
        getattr(FL, name)(*arguments, **options)
    options[parameter] = str(wrong)
    with pytest.raises(TypeError, match=rf"^{parameter} must be a number, got str"):
        getattr(FL, name)(*arguments, **options)


def test_norms_of_a_margin() -> None:
    for wrong in (0, 3, 1.5, float("nan")):
        with pytest.raises(ValueError, match=r"^p must be 1 or 2, got"):
            FL.multi_margin_loss(X, LABELS, p=wrong)
    with pytest.raises(TypeError, match=r"^p must be a number, got str"):
        FL.multi_margin_loss(X, LABELS, p="2")
    with pytest.raises(TypeError, match=r"^p must be a number, got str"):
        FL.triplet_margin_loss(X, X, X, p="2")


def test_axes_of_vectors() -> None:
    for wrong in (2, -3, 1.0, None):
        with pytest.raises(ValueError, match=r"^dim must be an axis of input, which has 2, got"):
            FL.cosine_similarity_loss(X, Y, dim=wrong)


def test_variances() -> None:
    for wrong in (-1.0, float("nan"), float("inf"), -1):
        with pytest.raises(ValueError, match=r"^var must be finite and >= 0, got"):
            FL.gaussian_nll_loss(X, Y, wrong)
    wrong = torch.ones(4, 3)
    wrong[1, 2] = -1e-3
    with pytest.raises(ValueError, match=r"^var must be >= 0, but has a negative entry"):
        FL.gaussian_nll_loss(X, Y, wrong)
    with pytest.raises(ValueError, match=r"^dispersion must broadcast to the shape of input"):
        FL.negative_binomial_nll_loss(X, Y, torch.ones(4))
    with pytest.raises(ValueError, match=r"^zero_logit must broadcast to the shape of input"):
        FL.zero_inflated_poisson_nll_loss(X, Y, torch.ones(4))


def test_alphas_of_labels() -> None:
    for wrong in ([0.5] * 4, [[0.5] * 3], torch.full((4, 3), 0.5)):
        with pytest.raises(ValueError, match=r"^alpha must be a number or have the shape"):
            FL.sigmoid_focal_loss(X, Y, alpha=wrong)
    for outside in ([0.5, -1.0, 0.5], torch.tensor([0.5, 1.5, 0.5])):
        with pytest.raises(ValueError, match=r"^alpha must be in \[0, 1\], got .* at \(1,\)"):
            FL.sigmoid_focal_loss(X, Y, alpha=outside)


def test_lists_of_labels() -> None:
    lists = torch.tensor([[0, 1, -1]]).repeat(4, 1)
    for wrong in (-2, 3, 100):
        lists[2, 2] = wrong
        with pytest.raises(
            LabelError, match=rf"^target must be -1 or in .* got {wrong} at \(2, 2\)"
        ):
            FL.multilabel_margin_loss(X, lists)
    with pytest.raises(TypeError, match=r"^target must be an integer tensor, got torch.float32"):
        FL.multilabel_margin_loss(X, Y)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8])
@pytest.mark.parametrize("name", OF_LABELS)
def test_labels_out_of_range(name: str, dtype: torch.dtype) -> None:
    for wrong in (3, 100) if dtype is torch.uint8 else (-1, 3, 100):
        labels = LABELS.to(dtype, copy=True)
        labels[2] = wrong
        for kind in (ValueError, IndexError, LabelError):
            with pytest.raises(kind, match=rf"^target.*{wrong}"):
                getattr(FL, name)(X.clone().requires_grad_(), labels)


@pytest.mark.parametrize(
    "name",
    [name for name in OF_LABELS if name not in ("nll_loss", "multi_margin_loss")],
)
def test_targets_of_rows(name: str) -> None:
    function = getattr(FL, name)
    with pytest.raises(TypeError, match=r"^target.*int"):
        function(X, torch.zeros(4))
    with pytest.raises(TypeError, match=r"^target in the shape of input .* have shape \(4,\)"):
        function(X, Y.long())
    for shape in ((3,), (5,), (4, 1), (), (4, 3, 1)):
        with pytest.raises(ValueError, match=r"^target has shape"):
            function(X, torch.zeros(shape, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"^input must have a class axis"):
        function(torch.tensor(0.0), LABELS)
    with pytest.raises(ValueError, match=r"^ignore_index is for class indices"):
        function(X, Y, ignore_index=1)
    for wrong in (None, 1.0, "1"):
        with pytest.raises(TypeError, match=r"^ignore_index must be an integer, got"):
            function(X, LABELS, ignore_index=wrong)
    with pytest.raises(ValueError, match=r"^ignore_index must fit into 64 bits"):
        function(X, LABELS, ignore_index=2**63)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan"), float("inf")])
def test_probabilities_outside_the_unit_interval(bad: float, reduction: str) -> None:
    good, wrong = torch.full((4, 3), 0.5), torch.full((4, 3), 0.5)
    wrong[2, 1] = bad
    for names, arguments in (("input", (wrong, good)), ("target", (good, wrong))):
        message = rf"^{names} must be in \[0, 1\], got .* at \(2, 1\)"
        with pytest.raises(ValueError, match=message):
            FL.binary_cross_entropy(*arguments, reduction=reduction)
    weight = torch.ones(4)
    weight[2] = 0  # what weighs nothing is not looked at
    FL.binary_cross_entropy(wrong, good, reduction=reduction, sample_weight=weight)


def test_nan_in_probabilities_of_nothing_is_an_answer() -> None:
    assert FL.binary_cross_entropy(torch.empty(0), torch.empty(0)).isnan()


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

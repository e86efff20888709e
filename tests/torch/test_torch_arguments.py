"""Bad arguments: each is refused with what it was called, what came, and what is expected."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import fusedloss.torch.functional as FL
from fusedloss import LabelError

X, Y = torch.zeros(4, 3), torch.zeros(4, 3)
LABELS = torch.zeros(4, dtype=torch.int64)
POINTWISE = [name for name in FL.__all__ if name not in ("cross_entropy", "softmax_focal_loss")]


def target_of(name: str) -> Tensor:
    return Y if name in POINTWISE else LABELS


@pytest.mark.parametrize("name", FL.__all__)
def test_unknown_reductions(name: str) -> None:
    for wrong in ("average", "batchmean", None, 1, ["mean"]):
        with pytest.raises(ValueError, match="reduction must be 'none', 'mean' or 'sum', got"):
            getattr(FL, name)(X, target_of(name), reduction=wrong)


@pytest.mark.parametrize("name", FL.__all__)
def test_arguments_that_are_not_tensors(name: str) -> None:
    function, y = getattr(FL, name), target_of(name)
    s = "s" if name == "sigmoid_focal_loss" else ""
    for wrong in ([0.0], 1.0, None, np.zeros((4, 3), np.float32)):
        kind = type(wrong).__name__
        with pytest.raises(TypeError, match=rf"^input{s} must be a torch.Tensor, got {kind}"):
            function(wrong, y)
        with pytest.raises(TypeError, match=rf"^target{s} must be a torch.Tensor, got {kind}"):
            function(X, wrong)
        if wrong is not None:
            with pytest.raises(TypeError, match=r"^sample_weight must be a torch.Tensor, got"):
                function(X, y, sample_weight=wrong)
    with pytest.raises(TypeError, match=rf"^input{s} must be a torch.Tensor"):
        function(np.zeros((4, 3), np.float32), np.zeros((4, 3), np.float32))


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64], ids=str)
@pytest.mark.parametrize("name", FL.__all__)
def test_predictions_that_are_not_floating_point(name: str, dtype: torch.dtype) -> None:
    s = "s" if name == "sigmoid_focal_loss" else ""
    message = f"^input{s} must be float32, float64, float16 or bfloat16, got {dtype}"
    with pytest.raises(TypeError, match=message):
        getattr(FL, name)(X.to(dtype), target_of(name))


@pytest.mark.parametrize("name", FL.__all__)
def test_complex_targets_and_weights(name: str) -> None:
    with pytest.raises(TypeError, match=r"^target"):
        getattr(FL, name)(X, target_of(name).to(torch.complex64))
    with pytest.raises(TypeError, match=r"^sample_weight"):
        getattr(FL, name)(X, target_of(name), sample_weight=torch.ones(4, dtype=torch.complex64))


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
    for name in ("cross_entropy", "softmax_focal_loss"):
        for shape in ((4,), (1,), (3, 1), ()):
            with pytest.raises(ValueError, match=r"^weight has shape"):
                getattr(FL, name)(X, LABELS, weight=torch.ones(shape))


@pytest.mark.parametrize("name", FL.__all__)
def test_sample_weights_of_another_size(name: str) -> None:
    for shape in ((3,), (5,), (1, 4), (4, 3, 1), (3, 4)):
        with pytest.raises(
            ValueError, match=r"^sample_weight must broadcast to the shape of the losses"
        ):
            getattr(FL, name)(X, target_of(name), sample_weight=torch.ones(shape))


@pytest.mark.parametrize("name", FL.__all__)
def test_denominators(name: str) -> None:
    function, y = getattr(FL, name), target_of(name)
    for wrong in (0, -1, float("nan"), float("inf"), torch.tensor(0.0)):
        with pytest.raises(ValueError, match=r"^denominator must be finite and > 0, got"):
            function(X, y, reduction="mean", denominator=wrong)
    with pytest.raises(TypeError, match=r"^denominator must be a number, got str"):
        function(X, y, reduction="mean", denominator="4")
    for reduction in ("sum", "none"):
        with pytest.raises(ValueError, match=rf"^denominator .* reduction='{reduction}' has none"):
            function(X, y, reduction=reduction, denominator=4)


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
    ],
)
def test_parameters(name: str, parameter: str, wrong: float) -> None:
    options: dict[str, Any] = {parameter: wrong}
    if name == "poisson_nll_loss":
        options["log_input"] = False
    with pytest.raises(ValueError, match=rf"^{parameter} must be finite and"):
        getattr(FL, name)(X, target_of(name), **options)
    options[parameter] = str(wrong)
    with pytest.raises(TypeError, match=rf"^{parameter} must be a number, got str"):
        getattr(FL, name)(X, target_of(name), **options)


@pytest.mark.parametrize("dtype", [torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8])
@pytest.mark.parametrize("name", ["cross_entropy", "softmax_focal_loss"])
def test_labels_out_of_range(name: str, dtype: torch.dtype) -> None:
    for wrong in (3, 100) if dtype is torch.uint8 else (-1, 3, 100):
        labels = LABELS.to(dtype)
        labels[2] = wrong
        for kind in (ValueError, IndexError, LabelError):
            with pytest.raises(kind, match=rf"^target.*{wrong}"):
                getattr(FL, name)(X.clone().requires_grad_(), labels)


@pytest.mark.parametrize("name", ["cross_entropy", "softmax_focal_loss"])
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


def test_inputs_are_never_modified() -> None:
    torch.manual_seed(0)
    for name in FL.__all__:
        x = torch.rand(4, 3, requires_grad=True)
        y = torch.rand(4, 3) if name in POINTWISE else torch.randint(3, (4,))
        weight = torch.rand(4)
        copies = [t.detach().clone() for t in (x, y, weight)]
        getattr(FL, name)(x, y, reduction="mean", sample_weight=weight).backward()
        for tensor, copy in zip((x, y, weight), copies, strict=True):
            assert torch.equal(tensor, copy)


def test_the_names_of_torch_are_all_there() -> None:
    assert set(FL.__all__) - set(dir(F)) == {"sigmoid_focal_loss", "softmax_focal_loss"}

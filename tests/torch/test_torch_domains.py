"""Values outside the domain of an argument: refused by name, with what came and what may come."""

import inspect
from typing import Any

import pytest
import torch
from torch_arguments import LABELS, OF_LABELS, X, Y, given, names_of

import fusedloss.torch.functional as FL
from fusedloss import LabelError


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
    with pytest.raises(ValueError, match=rf"^{parameter} must be finite(,| and) "):
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


def test_the_denominator_that_is_no_number() -> None:
    with pytest.raises(ValueError, match=r"^denominator must be .* 'positives', got 'all'"):
        FL.sigmoid_focal_loss(X, Y, reduction="mean", denominator="all")


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
    with pytest.raises(LabelError, match=r"got 9 at \(1,\)"):
        FL.multilabel_margin_loss(X[0], torch.tensor([-1, 9, 9]))
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

"""Arguments for every public function, in float64: inside its domain, and at no corner."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import fusedloss.torch.functional as FL

ROWS, CLASSES = 6, 4
Arguments = dict[str, Any]


def _uniform(low: float, high: float, *shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(shape or (ROWS, CLASSES), generator=generator, dtype=torch.float64)
    return low + (high - low) * values


def _numbers() -> Arguments:
    return {"input": _uniform(-1, 1), "target": _uniform(-1, 1, seed=1)}


def _positive() -> Arguments:
    return {"input": _uniform(0.2, 2), "target": _uniform(0.2, 2, seed=1)}


def _probabilities() -> Arguments:
    return {"input": _uniform(0.2, 0.8), "target": _uniform(0.2, 0.8, seed=1)}


def _signs() -> Arguments:
    return {"input": _uniform(-2, 2), "target": _sign()}


def _sign(*shape: int) -> Tensor:
    return torch.where(_uniform(-1, 1, *shape, seed=3) > 0, 1.0, -1.0).double()


def _indices() -> Arguments:
    return {"input": _uniform(-2, 2), "target": torch.tensor([0, 3, 1, 2, -100, 1])}


def _shares() -> Arguments:
    return {"input": _uniform(-2, 2), "target": _uniform(-1, 1, seed=1).softmax(-1)}


def _multilabel() -> Arguments:
    return {"input": _uniform(-2, 2), "target": torch.tensor([[0, 2, -1, 0]] * ROWS)}


def _triplets() -> Arguments:
    names = "anchor", "positive", "negative"
    return {name: _uniform(-1, 1, seed=seed) for seed, name in enumerate(names)}


def _pairs(target: Tensor) -> Arguments:
    return {"input1": _uniform(-1, 1), "input2": _uniform(-1, 1, seed=1), "target": target}


def _renamed(arguments: Arguments) -> Arguments:
    return {f"{name}s": value for name, value in arguments.items()}


SAMPLES: dict[str, Callable[[], Arguments]] = {
    "binary_cross_entropy": _probabilities,
    "binary_cross_entropy_with_logits": lambda: {
        **_numbers(),
        "target": _uniform(0, 1, seed=1),
        "pos_weight": _uniform(0.5, 2, CLASSES),
    },
    "categorical_hinge_loss": _indices,
    "cosine_embedding_loss": lambda: _pairs(_sign(ROWS).long()),
    "cosine_similarity_loss": _numbers,
    "cross_entropy": lambda: {
        **_indices(),
        "weight": _uniform(0.5, 2, CLASSES),
        "label_smoothing": 0.1,
        "z_loss": 1e-2,
        "softcap": 5.0,
    },
    "gamma_nll_loss": lambda: {**_positive(), "log_input": False},
    "gaussian_nll_loss": lambda: {**_numbers(), "var": _uniform(0.5, 2, seed=2), "full": True},
    "generalized_cross_entropy": _indices,
    "hinge_embedding_loss": _signs,
    "hinge_loss": _signs,
    "huber_loss": lambda: {**_numbers(), "delta": 0.5, "weight": _uniform(0.5, 2, seed=2)},
    "kl_div": lambda: {**_positive(), "reduction": "batchmean"},
    "l1_loss": _numbers,
    "log_cosh_loss": _numbers,
    "mape_loss": _positive,
    "margin_ranking_loss": lambda: _pairs(_sign()),
    "mse_loss": _numbers,
    "msle_loss": _positive,
    "multi_margin_loss": lambda: {**_indices(), "target": torch.tensor([0, 3, 1, 2, 0, 1])},
    "multilabel_margin_loss": _multilabel,
    "multilabel_soft_margin_loss": lambda: {**_numbers(), "target": _uniform(0, 1, seed=1)},
    "negative_binomial_nll_loss": lambda: {**_positive(), "dispersion": _uniform(0.5, 2, seed=2)},
    "nll_loss": _indices,
    "pinball_loss": lambda: {**_numbers(), "quantile": 0.3},
    "poisson_nll_loss": lambda: {**_positive(), "full": True},
    "sigmoid_focal_loss": lambda: {
        **_renamed(_numbers()),
        "targets": _uniform(0, 1, seed=1),
        "gamma": 1.5,
        "reduction": "mean",
    },
    "smooth_l1_loss": lambda: {**_numbers(), "beta": 0.5},
    "soft_margin_loss": _signs,
    "softmax_focal_loss": lambda: {**_indices(), "label_smoothing": 0.1},
    "squared_hinge_loss": _signs,
    "triplet_margin_loss": lambda: {**_triplets(), "swap": True},
    "triplet_margin_with_distance_loss": _triplets,
    "tweedie_nll_loss": _positive,
    "zero_inflated_poisson_nll_loss": lambda: {
        **_positive(),
        "target": _uniform(0, 2, seed=1).floor(),
        "zero_logit": _uniform(-1, 1, seed=2),
    },
}

# The same functions with targets of another kind.
VARIANTS: dict[str, tuple[str, Callable[[], Arguments]]] = {
    "cross_entropy-shares": ("cross_entropy", _shares),
    "cross_entropy-plain": ("cross_entropy", _indices),
    "categorical_hinge_loss-shares": ("categorical_hinge_loss", _shares),
    "softmax_focal_loss-shares": ("softmax_focal_loss", _shares),
    "poisson_nll_loss-rate": ("poisson_nll_loss", lambda: {**_positive(), "log_input": False}),
}

# (function, its arguments) by name
ALL: dict[str, tuple[Callable[..., Tensor], Callable[[], Arguments]]] = {
    **{name: (getattr(FL, name), arguments) for name, arguments in SAMPLES.items()},
    **{key: (getattr(FL, name), arguments) for key, (name, arguments) in VARIANTS.items()},
}


def losses_shape(function: Callable[..., Tensor], arguments: Arguments) -> torch.Size:
    return function(**{**arguments, "reduction": "none"}).shape


PREDICTIONS = frozenset(
    ("input", "inputs", "input1", "input2", "anchor", "positive", "negative", "var")
) | {"dispersion", "zero_logit"}


def recorded(arguments: Arguments, names: frozenset[str] = PREDICTIONS) -> Arguments:
    """The arguments, those of these names as leaves."""
    return {
        name: value.detach().clone().requires_grad_()
        if name in names and isinstance(value, Tensor) and value.is_floating_point()
        else value
        for name, value in arguments.items()
    }


def extras(function: Callable[..., Tensor], arguments: Arguments) -> Arguments:
    """What every function takes beside the arguments of torch."""
    rows = losses_shape(function, arguments)[:1]
    mask = torch.ones(rows, dtype=torch.bool)
    mask[1:2] = False
    extra: Arguments = {"sample_weight": _uniform(0.5, 2, *rows, seed=5), "mask": mask}
    if arguments.get("reduction", "mean") != "none":
        extra["denominator"] = torch.tensor(3.0)
    return extra


def value_and_gradients(function: Callable[..., Tensor], arguments: Arguments) -> list[Tensor]:
    leaves = [v for v in arguments.values() if isinstance(v, Tensor) and v.requires_grad]
    loss = function(**arguments)
    weights = torch.linspace(0.5, 1.5, loss.numel(), dtype=loss.dtype).reshape(loss.shape)
    return [loss.detach(), *torch.autograd.grad((loss * weights).sum(), leaves)]

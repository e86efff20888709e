"""What a call costs beside the arithmetic: public functions on a few numbers, against others.

    python benchmarks/overhead.py [--seconds 2]

Forward and backward where there is a backward, all of one line in one interleaved run. For PyTorch
against torch.nn.functional, for Keras (if it is installed) against keras.losses on torch, for NumPy
against the formula as one would write it.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import fusedloss as fl
import fusedloss.torch.functional as FL
from timing import QUICK, interleave

Calls = tuple[Callable[[], Any], Callable[[], Any]]


def backward(loss: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor) -> Callable[[], None]:
    """The loss of `x`, and its gradient from a fresh start."""

    def call() -> None:
        loss(x, y).backward()
        x.grad = None

    return call


def torch_calls() -> dict[str, Calls]:
    """Ours and torch's, in float32."""
    few, more = (torch.randn(size, requires_grad=True) for size in (64, 1024))
    rows = torch.randn(256, 10, requires_grad=True)
    arguments = {
        "mse_loss, 64": (few, torch.randn(64)),
        "huber_loss, 64": (few, torch.randn(64)),
        "huber_loss, 1 Ki": (more, torch.randn(1024)),
        "poisson_nll_loss, 1 Ki": (more, torch.poisson(torch.rand(1024))),
        "binary_cross_entropy_with_logits, 1 Ki": (more, torch.rand(1024)),
        "cross_entropy, 256 x 10": (rows, torch.randint(10, (256,))),
    }
    calls = {}
    for case, (x, y) in arguments.items():
        name = case.partition(",")[0]
        ours, theirs = (backward(getattr(library, name), x, y) for library in (FL, F))
        calls[case] = ours, theirs
    return calls


def keras_calls() -> dict[str, Calls]:
    """Ours and those of Keras, called as a model does."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    import fusedloss.keras

    def of(name: str, x: Tensor, y: Tensor, **options: Any) -> Calls:
        ours, theirs = (
            getattr(library, name)(**options) for library in (fusedloss.keras, keras.losses)
        )
        return tuple(  # type: ignore[return-value]
            backward(lambda x, y, loss=loss: loss(y, x), x, y) for loss in (ours, theirs)
        )

    rows = torch.randn(256, 10, requires_grad=True)
    return {
        "MeanSquaredError, 64": of(
            "MeanSquaredError", torch.randn(64, requires_grad=True), torch.randn(64)
        ),
        "SparseCategoricalCrossentropy, 256 x 10": of(
            "SparseCategoricalCrossentropy", rows, torch.randint(10, (256,)), from_logits=True
        ),
    }


def numpy_calls() -> dict[str, Calls]:
    """Ours and the formula, in float32."""
    draw = np.random.default_rng(0)
    y_true, y_pred = (draw.standard_normal(64).astype(np.float32) for _ in range(2))
    signs = np.sign(y_true)
    logits, labels = draw.standard_normal((8, 10)).astype(np.float32), draw.integers(10, size=8)
    rows = np.arange(8)

    def huber() -> np.floating[Any]:
        r = y_pred - y_true
        c = np.clip(r, -1, 1)
        return np.mean(c * (r - 0.5 * c))

    def huber_and_gradient() -> tuple[Any, Any]:
        r = y_pred - y_true
        c = np.clip(r, -1, 1)
        return np.mean(c * (r - 0.5 * c)), c / c.size

    def hinge() -> tuple[Any, Any]:
        margin = 1 - signs * y_pred
        return np.mean(np.maximum(margin, 0)), np.where(margin > 0, -signs, 0) / margin.size

    def cross_entropy() -> tuple[Any, Any]:
        shifted = logits - logits.max(1, keepdims=True)
        exp = np.exp(shifted)
        total = exp.sum(1, keepdims=True)
        gradient = exp / total
        gradient[rows, labels] -= 1
        return np.mean(np.log(total[:, 0]) - shifted[rows, labels]), gradient / 8

    return {
        "huber, 64, value only": (lambda: fl.huber(y_true, y_pred), huber),
        "huber, 64": (lambda: fl.huber(y_true, y_pred, return_grad=True), huber_and_gradient),
        "hinge, 64": (lambda: fl.hinge(signs, y_pred, return_grad=True), hinge),
        "sparse_categorical_crossentropy, 8 x 10": (
            lambda: fl.sparse_categorical_crossentropy(
                labels, logits, from_logits=True, return_grad=True
            ),
            cross_entropy,
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="for each line")
    effort = replace(QUICK, case_seconds=parser.parse_args().seconds)
    torch.set_num_threads(2)
    groups = {"PyTorch": torch_calls, "Keras": keras_calls, "NumPy": numpy_calls}
    print(f"{'':50} {'us':>7} {'theirs':>7} {'ratio':>6} {'of minima':>9}")
    for group, make in groups.items():
        try:
            calls = make()
        except ModuleNotFoundError as error:
            print(f"{group}: no {error.name}")
            continue
        for case, (ours, theirs) in calls.items():
            times = interleave({"ours": ours, "theirs": theirs}, effort, lambda _: None)
            o, t = times["ours"], times["theirs"]
            print(
                f"{group + ' ' + case:50} {o.median * 1e6:7.1f} {t.median * 1e6:7.1f} "
                f"{o.median / t.median:6.2f} {o.minimum / t.minimum:9.2f}"
            )


if __name__ == "__main__":
    main()

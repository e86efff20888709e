"""scikit-learn's own compiled losses as a provider: private there, and the closest relatives."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def why_not() -> str | None:
    """What keeps them from being measured."""
    try:
        from sklearn._loss import loss  # noqa: F401
    except ImportError as error:
        return str(error)
    return None


def call(loss_of: Callable[[Any], Any], y_pred: Tensor, y_true: Tensor) -> Callable[[], Any]:
    """Loss and gradient of each sample, both allocated, by as many threads as torch has."""
    from sklearn._loss import loss as losses

    loss = loss_of(losses)
    predictions = y_pred.detach().numpy()
    targets = y_true.to(y_pred.dtype).numpy()  # labels too
    threads = torch.get_num_threads()
    return lambda: loss.loss_gradient(targets, predictions, n_threads=threads)

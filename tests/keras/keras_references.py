"""What Keras lacks, as straight formulas in torch: functions in the style of `keras.losses`."""

from collections.abc import Callable
from typing import Any

import keras
import torch
import torch.nn.functional as F
from torch import Tensor


class Reference(keras.losses.Loss):
    """A function as a loss object, reduced by Keras."""

    def __init__(
        self, function: Callable[..., Tensor], options: dict[str, Any], **arguments: Any
    ) -> None:
        super().__init__(**arguments)
        self.function, self.options = function, options

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        losses = self.function(y_true, y_pred, **self.options)
        if self.options.get("ignore_class") is not None:
            losses._keras_mask = y_true != self.options["ignore_class"]  # type: ignore[attr-defined]
        return losses


def _mean(y_pred: Tensor, log_input: bool) -> Tensor:
    return y_pred.exp() if log_input else y_pred + keras.config.epsilon()


def poisson(y_true: Tensor, y_pred: Tensor, log_input: bool = False, full: bool = False) -> Tensor:
    mean = y_pred.exp() if log_input else y_pred
    losses = mean - y_true * (y_pred if log_input else _mean(y_pred, False).log())
    if full:
        large = y_true.clamp_min(1)
        factorial = large * large.log() - large + (2 * torch.pi * large).log() / 2
        losses = losses + torch.where(y_true > 1, factorial, 0.0)
    return losses.mean(-1)


def negative_binomial(
    y_true: Tensor,
    y_pred: Tensor,
    dispersion: float = 1.0,
    log_input: bool = False,
    full: bool = False,
) -> Tensor:
    mean, y = _mean(y_pred.double(), log_input), y_true.double()
    r = torch.tensor(1 / dispersion, dtype=torch.float64)
    losses = (y + r) * (mean / r).log1p() - y * (mean / r).log()
    losses = losses - torch.lgamma(y + r) + torch.lgamma(r)
    if full:
        losses = losses + torch.lgamma(y + 1)
    return losses.mean(-1).to(y_pred.dtype)


def zero_inflated_poisson(
    y_true: Tensor, y_pred: Tensor, log_input: bool = False, full: bool = False
) -> Tensor:
    rate, logit = y_pred.chunk(2, -1)
    mean = _mean(rate, log_input)
    zero = F.softplus(logit) - torch.logaddexp(logit, -mean)
    count = F.softplus(logit) + mean - y_true * mean.log()
    if full:
        count = count + torch.lgamma(y_true + 1)
    return torch.where(y_true == 0, zero, count).mean(-1)


def gamma(y_true: Tensor, y_pred: Tensor, log_input: bool = False) -> Tensor:
    mean = _mean(y_pred, log_input)
    return (y_true / mean + mean.log()).mean(-1)


def tweedie(y_true: Tensor, y_pred: Tensor, power: float = 1.5, log_input: bool = False) -> Tensor:
    mean = _mean(y_pred, log_input)
    if power == 1:
        return (mean - y_true * mean.log()).mean(-1)
    if power == 2:
        return (y_true / mean + mean.log()).mean(-1)
    rest = mean ** (2 - power) / (2 - power)
    return (rest - y_true * mean ** (1 - power) / (1 - power)).mean(-1)


def pinball(y_true: Tensor, y_pred: Tensor, quantile: float = 0.5) -> Tensor:
    below, above = (y_true - y_pred).relu(), (y_pred - y_true).relu()
    return (quantile * below + (1 - quantile) * above).mean(-1)


def gaussian_nll(
    y_true: Tensor, y_pred: Tensor, full: bool = False, epsilon: float = 1e-6
) -> Tensor:
    mean, variance = y_pred.chunk(2, -1)
    options = {"full": full, "eps": epsilon, "reduction": "none"}
    return F.gaussian_nll_loss(mean, y_true, variance, **options).mean(-1)


def binary_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    from_logits: bool = True,
    label_smoothing: float = 0.0,
    axis: int = -1,
    pos_weight: Any = None,
) -> Tensor:
    assert from_logits
    target = y_true * (1 - label_smoothing) + label_smoothing / 2
    weight = along(pos_weight, y_pred, axis)
    losses = -weight * target * F.logsigmoid(y_pred) - (1 - target) * F.logsigmoid(-y_pred)
    return losses.mean(axis)


def binary_focal_crossentropy(
    y_true: Tensor, y_pred: Tensor, alpha: Any, axis: int = -1, **options: Any
) -> Tensor:
    """With one alpha for each output, which Keras takes as long as the axis is the last."""
    options = {**options, "axis": -1, "alpha": torch.tensor(alpha)}
    moved = (tensor.movedim(axis, -1) for tensor in (y_true, y_pred))
    return keras.losses.binary_focal_crossentropy(*moved, **options)


def categorical_crossentropy(
    y_true: Tensor,
    y_pred: Tensor,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
    class_weight: Any = 1.0,
    temperature: float = 1.0,
    softcap: float = 0.0,
    z_loss: float = 0.0,
) -> Tensor:
    if from_logits:
        capped = softcap * (y_pred / softcap).tanh() if softcap else y_pred
        logits = capped / temperature
        log_prob, lse = logits.log_softmax(axis), logits.logsumexp(axis)
    else:
        epsilon = keras.config.epsilon()
        share = y_pred / y_pred.sum(axis, keepdim=True)
        log_prob, lse = share.clamp(epsilon, 1 - epsilon).log(), torch.zeros(())
    target = y_true * (1 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    weighted = along(class_weight, y_pred, axis) * target * log_prob
    return z_loss * lse.square() - weighted.sum(axis)


def sparse_categorical_crossentropy(
    y_true: Tensor, y_pred: Tensor, ignore_class: int | None = None, **options: Any
) -> Tensor:
    targets = one_hot(y_true, y_pred, ignore_class, options.get("axis", -1))
    losses = categorical_crossentropy(targets, y_pred, **options)
    return losses if ignore_class is None else torch.where(y_true != ignore_class, losses, 0.0)


def sparse_categorical_focal_crossentropy(
    y_true: Tensor, y_pred: Tensor, ignore_class: int | None = None, **options: Any
) -> Tensor:
    targets = one_hot(y_true, y_pred, ignore_class, options.get("axis", -1))
    losses = keras.losses.categorical_focal_crossentropy(targets, y_pred, **options)
    return losses if ignore_class is None else torch.where(y_true != ignore_class, losses, 0.0)


def categorical_generalized_cross_entropy(
    y_true: Tensor, y_pred: Tensor, q: float = 0.5, from_logits: bool = False, axis: int = -1
) -> Tensor:
    prob = y_pred.softmax(axis) if from_logits else y_pred
    own = prob.gather(axis, y_true.long().unsqueeze(axis)).squeeze(axis)
    return (1 - own**q) / q


def one_hot(labels: Tensor, y_pred: Tensor, ignore_class: int | None, axis: int) -> Tensor:
    """The rows of an ignored label are 0, and so are their losses."""
    classes = y_pred.shape[axis]
    if ignore_class is not None:
        labels = torch.where(labels == ignore_class, classes, labels)
    return F.one_hot(labels.long(), classes + 1)[..., :-1].movedim(-1, axis).to(y_pred.dtype)


def along(weights: Any, y_pred: Tensor, axis: int) -> Tensor:
    """A number, or one for each entry of the axis, as a tensor that broadcasts."""
    tensor = torch.as_tensor(weights, dtype=y_pred.dtype)
    return tensor.reshape(-1, *[1] * (y_pred.ndim - 1 - axis % y_pred.ndim))

"""The five tasks: a data set, a network, and each loss as the framework and fusedloss spell it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import keras
import torch
from torch import nn
from torch.nn import functional

import fusedloss.keras
import fusedloss.torch
from data import (
    CONTEXT,
    VOCABULARY,
    Data,
    breast_cancer,
    diabetes,
    digits,
    doctor_visits,
    standard_library,
)
from networks import keras_next_token, keras_perceptron, torch_next_token, torch_perceptron

TorchLoss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Task:
    """What is trained, and the two losses it is trained with: (the framework's, ours)."""

    name: str
    loss: str
    data: Callable[[], Data]
    torch_network: Callable[[], nn.Module]
    torch_losses: tuple[TorchLoss, TorchLoss]
    keras_network: Callable[[], keras.Model]
    keras_losses: tuple[keras.losses.Loss, keras.losses.Loss]
    epochs: int
    batch_size: int
    learning_rate: float = 3e-3


def focal_in_torch_operations(
    inputs: torch.Tensor, targets: torch.Tensor, alpha: float = 0.25, gamma: float = 2.0
) -> torch.Tensor:
    """The mean of torchvision.ops.sigmoid_focal_loss, since torch itself has no focal loss."""
    probability = torch.sigmoid(inputs)
    of_target = probability * targets + (1 - probability) * (1 - targets)
    balance = alpha * targets + (1 - alpha) * (1 - targets)
    cross_entropy = functional.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    return (balance * (1 - of_target) ** gamma * cross_entropy).mean()


TASKS = (
    Task(
        name="digits",
        loss="cross-entropy",
        data=digits,
        torch_network=partial(torch_perceptron, inputs=64, outputs=10),
        torch_losses=(nn.CrossEntropyLoss(), fusedloss.torch.CrossEntropyLoss()),
        keras_network=partial(keras_perceptron, inputs=64, outputs=10),
        keras_losses=(
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            fusedloss.keras.SparseCategoricalCrossentropy(from_logits=True),
        ),
        epochs=10,
        batch_size=64,
    ),
    Task(
        name="breast cancer",
        loss="binary focal",
        data=breast_cancer,
        torch_network=partial(torch_perceptron, inputs=30, outputs=1),
        torch_losses=(
            focal_in_torch_operations,
            partial(fusedloss.torch.functional.sigmoid_focal_loss, reduction="mean"),
        ),
        keras_network=partial(keras_perceptron, inputs=30, outputs=1),
        keras_losses=(
            keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, from_logits=True),
            fusedloss.keras.BinaryFocalCrossentropy(apply_class_balancing=True, from_logits=True),
        ),
        epochs=20,
        batch_size=32,
    ),
    Task(
        name="diabetes",
        loss="Huber",
        data=diabetes,
        torch_network=partial(torch_perceptron, inputs=10, outputs=1),
        torch_losses=(nn.HuberLoss(delta=1.0), fusedloss.torch.HuberLoss(delta=1.0)),
        keras_network=partial(keras_perceptron, inputs=10, outputs=1),
        keras_losses=(keras.losses.Huber(delta=1.0), fusedloss.keras.Huber(delta=1.0)),
        epochs=20,
        batch_size=32,
    ),
    Task(
        name="doctor visits",
        loss="Poisson",
        data=doctor_visits,
        # PyTorch's loss reads the logarithm of the rate; Keras' reads the rate itself.
        torch_network=partial(torch_perceptron, inputs=9, outputs=1),
        torch_losses=(nn.PoissonNLLLoss(), fusedloss.torch.PoissonNLLLoss()),
        keras_network=partial(keras_perceptron, inputs=9, outputs=1, activation="exponential"),
        keras_losses=(keras.losses.Poisson(), fusedloss.keras.Poisson()),
        epochs=10,
        batch_size=512,
    ),
    Task(
        name="next token",
        loss="cross-entropy",
        data=standard_library,
        torch_network=partial(torch_next_token, VOCABULARY, CONTEXT),
        torch_losses=(nn.CrossEntropyLoss(), fusedloss.torch.CrossEntropyLoss()),
        keras_network=partial(keras_next_token, VOCABULARY, CONTEXT),
        keras_losses=(
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            fusedloss.keras.SparseCategoricalCrossentropy(from_logits=True),
        ),
        epochs=2,
        batch_size=512,
        learning_rate=5e-3,
    ),
)

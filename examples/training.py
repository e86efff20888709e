"""Training as users write it, a PyTorch loop and Keras `fit`, with a stopwatch at the loss."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import keras
import torch

from data import SEED, Data
from tasks import Task, TorchLoss


@dataclass
class Record:
    """What one training leaves behind: per step the loss and its time, and the loss in the end.

    The stopwatch covers the loss and nothing else, in any training loop: the call itself, then in
    the backward pass the span from the moment the gradient reaches the loss until it has arrived
    at the prediction. Two tensor hooks mark that span, so that neither loop has to be changed.
    """

    losses: list[float] = field(default_factory=list)
    loss_seconds: list[float] = field(default_factory=list)
    epoch_seconds: list[float] = field(default_factory=list)
    test_loss: float = float("nan")
    last_loss: float = float("nan")

    def measure(
        self, loss: Callable[..., torch.Tensor], *arguments: object, prediction: torch.Tensor
    ) -> torch.Tensor:
        """Return `loss(*arguments)` and time it, forward and backward down to `prediction`."""
        begin = time.perf_counter()
        value = loss(*arguments)
        forward = time.perf_counter() - begin
        if not value.requires_grad:  # an evaluation: there is no backward pass to wait for
            return value

        def backward_begins(_: torch.Tensor) -> None:
            nonlocal begin
            begin = time.perf_counter()

        def backward_ends(_: torch.Tensor) -> None:
            self.loss_seconds.append(forward + time.perf_counter() - begin)

        value.register_hook(backward_begins)
        prediction.register_hook(backward_ends)
        self.losses.append(value.item())
        return value


def train_with_torch(task: Task, data: Data, loss: TorchLoss, record: Record) -> Iterator[None]:
    """A PyTorch training loop; hands over control after each epoch."""
    torch.manual_seed(SEED)
    network = task.torch_network()
    optimizer = torch.optim.Adam(network.parameters(), lr=task.learning_rate)
    x, y = torch.from_numpy(data.x_train), torch.from_numpy(data.y_train)
    for _ in range(task.epochs):
        begin = time.perf_counter()
        for batch, target in zip(x.split(task.batch_size), y.split(task.batch_size), strict=True):
            optimizer.zero_grad()
            prediction = network(batch)
            record.measure(loss, prediction, target, prediction=prediction).backward()
            optimizer.step()
        record.epoch_seconds.append(time.perf_counter() - begin)
        yield
    with torch.no_grad():
        prediction = network(torch.from_numpy(data.x_test))
        record.test_loss = loss(prediction, torch.from_numpy(data.y_test)).item()


class MeasuredLoss(keras.losses.Loss):
    """Passes a call on to another Keras loss and keeps a record of it."""

    def __init__(self, loss: keras.losses.Loss, record: Record) -> None:
        super().__init__(name=loss.name)
        self.loss = loss
        self.record = record

    def __call__(
        self, y_true: torch.Tensor, y_pred: torch.Tensor, sample_weight: torch.Tensor | None = None
    ) -> torch.Tensor:
        return self.record.measure(self.loss, y_true, y_pred, sample_weight, prediction=y_pred)


def train_with_keras(
    task: Task, data: Data, loss: keras.losses.Loss, record: Record
) -> Iterator[None]:
    """Training by Keras `fit`; hands over control after each epoch."""
    keras.utils.set_random_seed(SEED)
    network = task.keras_network()
    network.compile(keras.optimizers.Adam(task.learning_rate), loss=MeasuredLoss(loss, record))
    yield from fit(network, task, data, record)
    record.test_loss = network.evaluate(
        data.x_test, data.y_test, batch_size=task.batch_size, verbose=0
    )


def train_compiled(
    task: Task, data: Data, loss: keras.losses.Loss, record: Record
) -> Iterator[None]:
    """Training by Keras `fit` where a step is compiled as a whole: there is no loss to be timed."""
    keras.utils.set_random_seed(SEED)
    network = task.keras_network()
    network.compile(keras.optimizers.Adam(task.learning_rate), loss=loss)
    # What Keras tells after each step is the mean since the epoch began.
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: record.losses.append(float(logs["loss"]))
    )
    yield from fit(network, task, data, record, [keep])


def fit(
    network: keras.Model,
    task: Task,
    data: Data,
    record: Record,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Iterator[None]:
    """Train a network, epoch by epoch."""
    for _ in range(task.epochs):
        begin = time.perf_counter()
        # Both trainings of a pair must see the same batches: the data were shuffled beforehand.
        history = network.fit(
            data.x_train,
            data.y_train,
            batch_size=task.batch_size,
            shuffle=False,
            verbose=0,
            callbacks=[*callbacks],
        )
        record.epoch_seconds.append(time.perf_counter() - begin)
        record.last_loss = history.history["loss"][-1]
        yield

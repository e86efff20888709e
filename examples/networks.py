"""The networks of the demo, each once for PyTorch and once for Keras."""

import keras
from torch import nn


def torch_perceptron(inputs: int, outputs: int, hidden: int = 32) -> nn.Module:
    """One hidden layer; returns logits, or whatever else the loss calls its raw prediction."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def keras_perceptron(
    inputs: int, outputs: int, hidden: int = 32, activation: str | None = None
) -> keras.Model:
    """One hidden layer; `activation` is that of the output."""
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            keras.layers.Dense(hidden, activation="relu"),
            keras.layers.Dense(outputs, activation=activation),
        ]
    )


def torch_next_token(vocabulary: int, context: int, width: int = 32) -> nn.Module:
    """Logits of the next token from embeddings of the last `context` tokens."""
    return nn.Sequential(
        nn.Embedding(vocabulary, width),
        nn.Flatten(),
        nn.Linear(context * width, width),
        nn.Tanh(),
        nn.Linear(width, vocabulary),
    )


def keras_next_token(vocabulary: int, context: int, width: int = 32) -> keras.Model:
    """Logits of the next token from embeddings of the last `context` tokens."""
    return keras.Sequential(
        [
            keras.Input((context,), dtype="int64"),
            keras.layers.Embedding(vocabulary, width),
            keras.layers.Flatten(),
            keras.layers.Dense(width, activation="tanh"),
            keras.layers.Dense(vocabulary),
        ]
    )

"""Small models and data, which train in a moment."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

ROWS = 40
X = np.random.default_rng(5).normal(size=(ROWS, 3)).astype("float32")
Y = (X.sum(axis=1, keepdims=True) > 0).astype("float32")


def tiny(optimizer: Any = "sgd", loss: Any = "mse", metrics: Any = ("mae",), **settings: Any) -> Any:
    """A built model with two layers and 21 weights, compiled."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    # Compiling to XLA would take longer than the training.
    model.compile(optimizer, loss, metrics=list(metrics), jit_compile=False, **settings)
    return model


def fit(model: Any, **arguments: Any) -> Any:
    return model.fit(X, Y, **{"epochs": 2, "batch_size": 10, "verbose": 0, **arguments})


class Counting(keras.callbacks.Callback):
    """Remembers what it was called with."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epochs.append(epoch)

"""Fits a tiny model each time it is told to on standard input, alone in its process; prints how long that took."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

EPOCHS, STEPS, BATCH = 40, 20, 32


def turn_on(logger: str, *, steps: bool, models: bool) -> None:
    """`alone`, `ours` or `mlflow`; each epoch, or each step."""
    if logger == "ours":
        import autolog  # noqa: PLC0415 - only where it is measured

        autolog.autolog(log_models=models, log_every_n_steps=1 if steps else None)
    elif logger == "mlflow":
        import mlflow  # noqa: PLC0415 - only where it is measured

        # MLflow logs either epochs or steps; without data sets, which ours does not log.
        mlflow.keras.autolog(
            log_models=models, log_datasets=False, log_every_epoch=not steps, log_every_n_steps=1 if steps else None
        )


def main() -> None:
    logger, cadence, models = sys.argv[1:]
    import keras  # noqa: PLC0415 - the arguments first: this takes long
    import numpy as np  # noqa: PLC0415

    turn_on(logger, steps=cadence == "steps", models=models == "models")
    x = np.random.default_rng(0).normal(size=(STEPS * BATCH, 8)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"], jit_compile=False)

    def fit(epochs: int) -> float:
        arguments: dict[str, Any] = {"batch_size": BATCH, "epochs": epochs, "verbose": 0}
        start = time.perf_counter()
        model.fit(x, y, validation_data=(x[:BATCH], y[:BATCH]), callbacks=[], **arguments)
        return time.perf_counter() - start

    fit(1)
    print(json.dumps({"ready": True}), flush=True)
    for _line in sys.stdin:
        print(json.dumps({"seconds": fit(EPOCHS)}), flush=True)


if __name__ == "__main__":
    main()

"""The same training on Keras's other backends, and on legacy Keras: each in a process of its own."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from tests.autolog.stage import Tracking, run_program

BATTERY = """
import importlib, json, os, sys
import numpy as np
import autolog
autolog.autolog(log_every_n_steps=2, checkpoint=True)
keras = importlib.import_module(os.environ["PACKAGE"])
lazy = []  # whether Keras may leave the values of a step where they are

class Spy(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        frame = sys._getframe()
        while frame and not isinstance(frame.f_locals.get("self"), keras.callbacks.CallbackList):
            frame = frame.f_back
        callbacks = frame.f_locals["self"]
        names = ("_async_train", "_batch_hooks_support_tf_logs")
        lazy.append(any(getattr(callbacks, name, False) for name in names))

class Break(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt

def model():
    built = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(1)])
    built.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return built

x = np.random.default_rng(1).normal(size=(32, 3)).astype("float32")
y = x.sum(axis=1, keepdims=True)
first = model()
stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=1, min_delta=100, restore_best_weights=True)
callbacks = [Spy(), stopping]
history = first.fit(x, y, 8, 9, 0, callbacks, 0.25)
assert len(callbacks) == 2
results = first.evaluate(x, y, verbose=0)
try:
    model().fit(x, y, epochs=3, verbose=0, callbacks=[Break()])
except KeyboardInterrupt:
    pass
assert autolog.flush()
before = keras.Model.fit
autolog.disable()
print()
print(json.dumps({
    "history": {key: [float(each) for each in values] for key, values in history.history.items()},
    "results": [float(each) for each in results],
    "weights": [float(each.sum()) for each in first.get_weights()],
    "lazy": lazy,
    "restored": before is not keras.Model.fit,
    "version": keras.__version__,
}))
"""
# A framework takes long to start where others are at work.
pytestmark = pytest.mark.timeout(300)
KERAS_3 = ["jax", *(["torch"] if importlib.util.find_spec("torch") else [])]


def battery(**environment: str) -> Any:
    program = run_program(BATTERY, environment=environment)
    assert program.status == 0, program.errors
    assert "AutologWarning" not in program.errors
    return program.result


def check(tracking: Tracking, seen: Any) -> None:
    run, broken = tracking.runs()
    assert (run.status, broken.status) == ("FINISHED", "KILLED")
    epochs = list(range(len(seen["history"]["loss"])))
    for key in ("loss", "mae", "val_loss", "val_mae"):
        assert run.metrics[key] == [(epoch, pytest.approx(seen["history"][key][epoch])) for epoch in epochs]
    # 24 rows in batches of 8.
    assert run.steps("step_loss") == list(range(0, 3 * len(epochs), 2))
    assert run.steps("learning_rate") == run.steps("epoch_seconds") == run.steps("examples_per_second") == epochs
    assert run.metrics["stopped_epoch"] == [(epochs[-1], epochs[-1])]
    assert run.metrics["restored_epoch"] == [(0, 0.0)]
    assert run.metrics["test_loss"] == [(epochs[-1], pytest.approx(seen["results"][0]))]
    assert run.metrics["test_mae"] == [(epochs[-1], pytest.approx(seen["results"][1]))]
    assert (run.params["optimizer_name"], run.params["learning_rate"], run.params["num_params"]) == (
        "Adam",
        "0.01",
        "21",
    )
    assert run.artifacts == ["checkpoints/best.keras", "checkpoints/last.keras", "model_summary.txt"]
    assert len(run.models) == 1
    assert run.tags["autolog.framework_version"] == seen["version"]
    assert broken.steps("loss") == [0]
    assert seen["restored"]


def weights_of(tracking: Tracking, flavor: Any) -> list[float]:
    run = tracking.runs()[0]
    return [float(each.sum()) for each in flavor.load_model(f"runs:/{run.run_id}/model").get_weights()]


@pytest.mark.parametrize("backend", KERAS_3)
def test_keras_3_on_another_backend(tracking: Tracking, backend: str):
    import mlflow.keras

    seen = battery(PACKAGE="keras", KERAS_BACKEND=backend)
    check(tracking, seen)
    assert tracking.runs()[0].tags["autolog.backend"] == backend
    # Here Keras need not wait for the values of each step, and our looking at some of them does not make it wait.
    assert seen["lazy"] == [True]
    # What one backend saved, another loads.
    assert weights_of(tracking, mlflow.keras) == pytest.approx(seen["weights"], rel=1e-5)


def test_legacy_keras_as_tf_keras(tracking: Tracking):
    seen = battery(PACKAGE="tf_keras", TF_USE_LEGACY_KERAS="1")
    check(tracking, seen)
    assert seen["version"].startswith("2.")
    # Tensors of steps are handed to us as they are.
    assert seen["lazy"] == [True]
    assert tracking.runs()[0].tags["autolog.framework_package"] == "tf_keras"
    loaded = run_program(
        f"""
        import json, mlflow
        model = mlflow.tensorflow.load_model("runs:/{tracking.runs()[0].run_id}/model")
        print()
        print(json.dumps([float(each.sum()) for each in model.get_weights()]))
        """,
        environment={"TF_USE_LEGACY_KERAS": "1"},
    )
    assert loaded.result == pytest.approx(seen["weights"], rel=1e-5), loaded.errors


def test_legacy_keras_beside_keras_3(tracking: Tracking):
    """Without TF_USE_LEGACY_KERAS MLflow does not know such a model as one of Keras; the run is whole all the same."""
    check(tracking, battery(PACKAGE="tf_keras"))

"""The tables of docs/autolog/what-is-logged.md name what is in MLflow after a training: all of it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tensorflow")

import mlflow

import autolog
from tests.autolog.docs.tables import METRICS, compare, logged, named
from tests.autolog.keras.models import X, Y, fit, tiny
from tests.autolog.stage import Tracking


def stopping() -> object:
    import keras

    return keras.callbacks.EarlyStopping(min_delta=1e9, patience=1, restore_best_weights=True)


def test_what_a_fit_logs_is_what_the_tables_name(tracking: Tracking):
    import keras
    import tf_keras

    autolog.autolog(checkpoint=True, log_every_n_steps=2)
    scaled = tiny(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()))
    fit(scaled, epochs=4, validation_data=(X, Y), callbacks=[stopping()])

    autolog.autolog(log_models=False, nested=True)
    legacy = tf_keras.Sequential([tf_keras.layers.Input((3,)), tf_keras.layers.Dense(1)])
    legacy.compile("sgd", "mse", metrics=["mae"])
    with mlflow.start_run():
        fit(legacy, epochs=1)
    with pytest.raises(ValueError, match="odd"):
        fit(tiny(), callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: _fail())])

    autolog.autolog(log_models=False)
    with mlflow.start_run():
        fit(tiny(), epochs=1)
        fit(tiny(), epochs=2)

    runs = tracking.runs()
    compare("A call of fit", runs)
    assert [run.status for run in runs].count("FAILED") == 1
    first = next(run for run in runs if "checkpoints/best.keras" in run.artifacts)
    assert mlflow.keras.load_model(f"runs:/{first.run_id}/model").count_params() == 21


def _fail() -> None:
    raise ValueError("odd")


def test_what_evaluate_logs_is_what_the_table_names(tracking: Tracking):
    autolog.autolog(log_models=False)
    model = tiny()
    fit(model, epochs=2)
    before = logged(tracking.runs(), "Metric")
    for _ in range(2):
        model.evaluate(X, Y, verbose=0)
    run = tracking.run()
    new = {key: points for key, points in run.metrics.items() if key not in before}
    assert {
        name.replace("NAME", metric) for name in named("A call of evaluate", "Metric") for metric in METRICS
    } == set(new)
    assert {step for points in new.values() for step, _ in points} == {1}


def test_what_a_loop_of_ones_own_logs_is_what_the_tables_name(tracking: Tracking):
    model = tiny(optimizer="adam")
    with autolog.training(model):
        model.train_on_batch(X, Y)
        model.test_on_batch(X, Y)
    compare("A loop of your own", [tracking.run()])
    assert tracking.run().models


def test_what_tf_summary_logs_is_what_the_tables_name(tracking: Tracking, tmp_path: Path):
    import tensorflow as tf

    autolog.autolog()
    for folder in ("train", "validation", "test", "FOLDER"):
        with tf.summary.create_file_writer(str(tmp_path / folder)).as_default():
            tf.summary.scalar("loss", 1.0, step=0)
            tf.summary.scalar("mae", 1.0, step=0)
    autolog.disable()
    compare("tf.summary.scalar", [tracking.run()])

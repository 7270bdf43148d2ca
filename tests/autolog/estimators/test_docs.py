"""The tables of docs/autolog/what-is-logged.md name what Estimators leave in MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pytest
import tensorflow as tf

import autolog
from tests.autolog.docs.tables import compare
from tests.autolog.estimators.stage import estimator, line, once, rows
from tests.autolog.stage import Tracking


def test_what_estimators_log_is_what_the_tables_name(tracking: Tracking, tmp_path: Path):
    autolog.tensorflow.autolog()
    model = estimator(tmp_path / "first")
    tf.estimator.train_and_evaluate(
        model, tf.estimator.TrainSpec(rows(), max_steps=12), tf.estimator.EvalSpec(once(), steps=2, throttle_secs=0)
    )
    model.evaluate(once())
    model.evaluate(once(), name="DATA")
    model.export_saved_model(str(tmp_path / "export"), _receiver)
    with pytest.raises(ValueError, match="odd"):
        estimator(tmp_path / "second").train(_fail, steps=1)
    with mlflow.start_run():
        other = estimator(tmp_path / "third", model_fn=line)
        other.train(rows(), steps=1)
        other.train(rows(), steps=2)
    compare("Estimators", tracking.runs(), ("slope", "error", "loss"), params=("learning_rate", "hidden"))


def _receiver() -> Any:
    x = {"x": tf.compat.v1.placeholder(tf.float32, [None])}
    return tf.estimator.export.ServingInputReceiver(x, x)


def _fail() -> None:
    raise ValueError("odd")

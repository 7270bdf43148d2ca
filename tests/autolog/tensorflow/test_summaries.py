"""What a loop that writes tf.summary.scalar leaves in MLflow."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
import tensorflow as tf

import autolog
from tests.autolog.stage import Tracking


@pytest.fixture
def writer(tracking: Tracking, tmp_path: Path) -> Any:
    autolog.tensorflow.autolog()
    return tf.summary.create_file_writer(str(tmp_path / "logs"))


def eventually(found: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not found():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def test_what_is_written_is_in_the_active_run_when_that_is_left(writer: Any, tracking: Tracking):
    with mlflow.start_run(), writer.as_default():
        for step in range(3):
            tf.summary.scalar("loss", tf.constant(1.0 / (step + 1)), step=step)
            tf.summary.scalar(name="rate", data=0.5, step=step, description="of learning")
    run = tracking.run()
    assert run.status == "FINISHED"
    assert run.steps("loss") == run.steps("rate") == [0, 1, 2]
    assert run.values("loss") == pytest.approx([1.0, 0.5, 1 / 3])
    assert run.tags["autolog.framework"] == "tensorflow"


def test_variables_are_logged_as_they_were_when_they_were_written(writer: Any, tracking: Tracking):
    value, step = tf.Variable(0.0), tf.Variable(0, dtype=tf.int64)
    tf.summary.experimental.set_step(step)
    try:
        with mlflow.start_run(), writer.as_default():
            for _ in range(4):
                tf.summary.scalar("value", value)
                value.assign_add(0.5)
                step.assign_add(2)
    finally:
        tf.summary.experimental.set_step(None)
    assert tracking.run().metrics["value"] == [(0, 0.0), (2, 0.5), (4, 1.0), (6, 1.5)]


def test_what_is_not_written_is_not_logged(writer: Any, tracking: Tracking):
    with mlflow.start_run():
        tf.summary.scalar("nowhere", 1.0, step=0)
        with writer.as_default():
            with tf.summary.record_if(False):
                tf.summary.scalar("forbidden", 1.0, step=0)
            with pytest.raises(ValueError, match="step"):
                tf.summary.scalar("stepless", 1.0)
    run = tracking.run()
    assert run.metrics == {}
    assert not [tag for tag in run.tags if tag.startswith("autolog.")]


def test_names_have_their_scopes_and_tell_validation_and_tests_by_their_folders(
    writer: Any, tracking: Tracking, tmp_path: Path
):
    writers = {name: tf.summary.create_file_writer(str(tmp_path / name)) for name in ("train", "test", "other")}
    with mlflow.start_run():
        for number, each in enumerate(writers.values()):
            with each.as_default(), tf.name_scope("layer"):
                tf.summary.scalar("loss", number, step=0)
    assert {key: points[0][1] for key, points in tracking.run().metrics.items()} == {
        "layer/loss": 0,
        "test_layer/loss": 1,
        "other/layer/loss": 2,
    }


def test_scalars_of_a_function_are_logged_once_each_while_it_runs_and_when_the_run_is_left(
    writer: Any, tracking: Tracking
):
    def write(step: Any) -> None:
        with tf.name_scope("inside"), tf.summary.record_if(step % 2 == 0):
            tf.summary.scalar("loss", 10.0 - tf.cast(step, tf.float32), step=step)

    train = tf.function(write)

    def logged() -> bool:
        (run,) = tracking.runs()
        return "inside/loss" in run.metrics

    with writer.as_default():
        with mlflow.start_run():
            for step in range(4):
                train(tf.constant(step, tf.int64))
            assert eventually(logged)
            train(tf.constant(4, tf.int64))
        with mlflow.start_run():
            train(tf.constant(6, tf.int64))
    assert [run.metrics for run in tracking.runs()] == [
        {"inside/loss": [(0, 10.0), (2, 8.0), (4, 6.0)]},
        {"inside/loss": [(6, 4.0)]},
    ]


def test_what_was_in_the_log_directory_before_is_not_logged(writer: Any, tracking: Tracking, tmp_path: Path):
    def write(step: Any) -> None:
        tf.summary.scalar("loss", 1.0, step=step)

    with mlflow.start_run(), writer.as_default():
        tf.summary.scalar("loss", 2.0, step=0)
        tf.function(write)(tf.constant(1, tf.int64))
        tf.summary.scalar("loss", 3.0, step=2)
    assert tracking.run().metrics["loss"] == [(0, 2.0), (1, 1.0), (2, 3.0)]


def test_a_function_has_nothing_in_its_graph_that_it_had_not_without_autolog(writer: Any, tracking: Tracking):
    def operations() -> list[str]:
        def write(step: Any) -> None:
            tf.summary.scalar("loss", 1.0, step=step)

        with writer.as_default():
            graph = tf.function(write).get_concrete_function(tf.TensorSpec([], tf.int64)).graph
        names: list[str] = [op.type for op in graph.get_operations()]
        return names

    with_autolog = operations()
    autolog.disable()
    assert with_autolog == operations()


def fitted(callbacks: list[Any], cls: Any = None) -> Any:
    import keras
    import numpy as np

    model = (cls or keras.Sequential)([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=4, epochs=2, verbose=0, callbacks=callbacks)
    return model


def test_within_a_fit_the_programs_own_scalars_go_to_that_run_and_the_tensorboard_callbacks_do_not(
    tracking: Tracking, tmp_path: Path
):
    import keras

    class Own(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            with tf.summary.create_file_writer(str(tmp_path / "own")).as_default():
                tf.summary.scalar("epoch_mine", epoch * 2, step=epoch)

    class Model(keras.Sequential):
        def train_step(self, *args: Any, **kwargs: Any) -> Any:
            tf.summary.scalar("traced", self.optimizer.iterations, step=self.optimizer.iterations)
            return super().train_step(*args, **kwargs)

    autolog.tensorflow.autolog(log_models=False)
    # As Keras asks for where train_step writes summaries.
    with tf.summary.create_file_writer(str(tmp_path / "trace")).as_default():
        model = fitted([keras.callbacks.TensorBoard(str(tmp_path / "board"), update_freq=1), Own()], Model)
        model.evaluate(tf.ones((4, 2)), tf.ones((4, 1)), verbose=0, callbacks=[])
    run = tracking.run()
    assert run.metrics["epoch_mine"] == [(0, 0.0), (1, 2.0)]
    assert run.metrics["traced"] == [(step, float(step)) for step in range(4)]
    assert run.steps("loss") == [0, 1]
    assert not [key for key in run.metrics if key.startswith(("epoch_loss", "batch_", "evaluation_"))]


def test_a_training_of_ones_own_takes_what_is_written_in_it(writer: Any, tracking: Tracking):
    with autolog.training() as training, writer.as_default():
        tf.summary.scalar("loss", 1.0, step=0)
        training.log({"other": 2.0}, step=0)
    run = tracking.run()
    assert (run.metrics["loss"], run.metrics["other"]) == ([(0, 1.0)], [(0, 2.0)])


def test_helping_threads_log_to_the_run_of_the_main_one(writer: Any, tracking: Tracking):
    def help_out() -> None:
        with writer.as_default():
            tf.summary.scalar("helped", 1.0, step=0)

    with mlflow.start_run():
        thread = threading.Thread(target=help_out)
        thread.start()
        thread.join()
    assert tracking.run().metrics["helped"] == [(0, 1.0)]


def test_exclusive_keeps_off_a_run_of_the_users(tracking: Tracking, tmp_path: Path):
    autolog.tensorflow.autolog(exclusive=True)
    with mlflow.start_run(), tf.summary.create_file_writer(str(tmp_path / "logs")).as_default():
        tf.summary.scalar("loss", 1.0, step=0)
    assert tracking.run().metrics == {}


def test_turning_it_off_restores_the_very_functions_and_ends_the_run_that_was_made(tracking: Tracking, tmp_path: Path):
    import keras
    from mlflow.tracking import fluent

    def functions() -> list[Any]:
        return [
            tf.summary.scalar,
            tf.summary.create_file_writer,
            tf.compat.v2.summary.scalar,
            mlflow.end_run,
            fluent.end_run,
            keras.Model.fit,
        ]

    autolog.disable()
    before, signatures = functions(), [inspect.signature(each) for each in functions()]
    for _ in range(2):
        autolog.tensorflow.autolog()
    assert not any(one is other for one, other in zip(before, functions(), strict=True))
    assert signatures == [inspect.signature(each) for each in functions()]
    with tf.summary.create_file_writer(str(tmp_path / "logs")).as_default():
        tf.summary.scalar("loss", 1.0, step=0)
        assert mlflow.active_run() is None
        autolog.tensorflow.autolog(disable=True)
        tf.summary.scalar("loss", 2.0, step=1)
    assert all(one is other for one, other in zip(before, functions(), strict=True))
    run = tracking.run()
    assert (run.status, run.metrics["loss"]) == ("FINISHED", [(0, 1.0)])


def test_turning_it_off_leaves_keras_on_where_another_call_asked_for_that(tracking: Tracking):
    autolog.keras.autolog(silent=True)
    autolog.tensorflow.autolog()
    autolog.tensorflow.autolog(disable=True)
    assert autolog.keras.integration.options is not None
    autolog.disable()
    autolog.tensorflow.autolog()
    autolog.tensorflow.autolog()
    autolog.tensorflow.autolog(disable=True)
    assert autolog.keras.integration.options is None

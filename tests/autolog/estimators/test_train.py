"""What the training of an Estimator leaves in MLflow."""

from __future__ import annotations

import importlib
import inspect
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mlflow
import pytest
import tensorflow as tf

import autolog
from tests.autolog.estimators.stage import BATCH, estimator, once, rows
from tests.autolog.stage import Tracking, run_program


class Losses(tf.estimator.SessionRunHook):
    """What the session itself gave at each step."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def before_run(self, run_context: Any) -> Any:
        return tf.estimator.SessionRunArgs(tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.LOSSES)[-1])

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self.seen.append(float(run_values.results))


def test_a_training_is_one_finished_run_with_what_was_asked_of_it(tracking: Tracking, tmp_path: Path):
    autolog.tensorflow.autolog()
    model = estimator(tmp_path)
    assert model.train(rows(), steps=12) is model
    run = tracking.run()
    assert run.status == "FINISHED"
    assert run.params["estimator"] == "Estimator"
    assert run.params["model_dir"] == model.model_dir
    assert (run.params["steps"], run.params["max_steps"]) == ("12", "None")
    assert run.params["batch_size"] == str(BATCH)
    assert (run.params["learning_rate"], run.params["hidden"]) == ("0.05", "[4, 2]")
    assert (run.params["optimizer_name"], run.params["epsilon"], run.params["num_params"]) == ("Adam", "1e-08", "2")
    assert run.tags["autolog.framework"] == "estimator"
    assert run.tags["autolog.backend_version"] == tf.__version__


def test_the_loss_is_logged_as_often_as_summaries_are_written_and_at_the_last_step(tracking: Tracking, tmp_path: Path):
    autolog.tensorflow.autolog()
    losses = Losses()
    estimator(tmp_path).train(rows(), hooks=[losses], steps=13)
    run = tracking.run()
    assert run.steps("loss") == [1, 6, 11, 13]
    assert run.values("loss") == pytest.approx([losses.seen[step - 1] for step in (1, 6, 11, 13)])
    assert run.steps("steps_per_second") == [6, 11, 13]
    assert min(run.values("steps_per_second")) > 0


def test_each_step_is_logged_once_where_that_is_asked_for_and_a_second_training_goes_on(
    tracking: Tracking, tmp_path: Path
):
    autolog.tensorflow.autolog(log_every_n_steps=1)
    losses = Losses()
    model = estimator(tmp_path)
    with mlflow.start_run():
        model.train(rows(), hooks=[losses], steps=7)
        model.train(rows(), hooks=[losses], max_steps=10)
        assert mlflow.active_run() is not None
    run = tracking.run()
    assert run.metrics["loss"] == [(step + 1, pytest.approx(loss)) for step, loss in enumerate(losses.seen)]
    assert run.steps("loss") == list(range(1, 11))
    assert run.params["fit_2/max_steps"] == "10"


def test_what_the_model_fn_summarises_is_logged_once_as_it_is_written(tracking: Tracking, tmp_path: Path):
    autolog.tensorflow.autolog()
    model = estimator(tmp_path)
    model.train(rows(), steps=12)
    written = [
        (event.step, value.simple_value)
        for path in Path(model.model_dir).glob("events.*")
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
        if value.tag == "slope"
    ]
    assert len(written) == 3
    assert tracking.run().metrics["slope"] == written


def test_evaluations_are_validation_while_training_and_tests_afterwards(tracking: Tracking, tmp_path: Path):
    autolog.tensorflow.autolog()
    model = estimator(tmp_path, save_checkpoints_steps=6)
    result, exported = tf.estimator.train_and_evaluate(
        model,
        tf.estimator.TrainSpec(rows(), max_steps=12),
        tf.estimator.EvalSpec(once(), steps=None, throttle_secs=0, start_delay_secs=0),
    )
    assert exported == []
    run = tracking.run()
    assert run.status == "FINISHED"
    assert run.steps("val_loss")[-1] == run.steps("loss")[-1] == 12
    assert run.last("val_error") == pytest.approx(result["error"])
    assert run.params["max_steps"] == "12"
    assert not [key for key in run.metrics if key.startswith("test_") or "global_step" in key]
    found = model.evaluate(once())
    model.evaluate(once(8), name="few")
    run = tracking.run()
    assert run.metrics["test_loss"] == [(12, pytest.approx(found["loss"]))]
    assert run.steps("test_few_error") == [12]


def test_a_canned_estimator_is_logged_with_its_optimizer(tracking: Tracking, tmp_path: Path):
    autolog.autolog()
    model = tf.estimator.DNNRegressor([4], [tf.feature_column.numeric_column("x")], str(tmp_path / "model"))
    model.train(rows(), steps=3)
    run = tracking.run()
    assert run.params["estimator"] == "DNNRegressor"
    assert (run.params["optimizer_name"], run.params["learning_rate"]) == ("Adagrad", "0.001")
    assert run.steps("loss") == [1, 3]


def test_arguments_are_taken_by_place_and_by_name_and_the_callers_hooks_are_left_alone(
    tracking: Tracking, tmp_path: Path
):
    autolog.tensorflow.autolog()
    hooks = [Losses()]
    model = estimator(tmp_path)
    model.train(rows(), hooks, 2)
    model.train(input_fn=rows(), steps=2, hooks=iter(hooks))
    model.train(rows(), None, None, 5)
    assert len(hooks) == 1
    assert len(hooks[0].seen) == 4
    assert [run.status for run in tracking.runs()] == ["FINISHED"] * 3
    assert [run.steps("loss")[-1] for run in tracking.runs()] == [2, 4, 5]


@pytest.mark.parametrize(("error", "status"), [(ValueError("of mine"), "FAILED"), (KeyboardInterrupt(), "KILLED")])
def test_a_training_that_ends_by_an_exception_says_so(
    error: BaseException, status: str, tracking: Tracking, tmp_path: Path
):
    class Fails(tf.estimator.SessionRunHook):
        def __init__(self) -> None:
            self.steps = 0

        def after_run(self, run_context: Any, run_values: Any) -> None:
            self.steps += 1
            if self.steps == 4:
                raise error

    autolog.tensorflow.autolog()
    with pytest.raises(type(error)) as raised:
        estimator(tmp_path).train(rows(), hooks=[Fails()], steps=9)
    assert raised.value is error
    run = tracking.run()
    assert run.status == status
    assert run.steps("loss")[0] == 1
    assert mlflow.active_run() is None


def test_a_training_that_tensorflow_refuses_raises_what_it_raises_without_autolog(tracking: Tracking, tmp_path: Path):
    autolog.tensorflow.autolog()
    with pytest.raises(ValueError, match="both steps and max_steps"):
        estimator(tmp_path).train(rows(), steps=1, max_steps=1)
    with pytest.raises(TypeError):
        estimator(tmp_path).train(rows(), nonsense=1)
    (run,) = tracking.runs()
    assert run.status == "FAILED"


def test_an_exported_model_is_an_artifact(tracking: Tracking, tmp_path: Path):
    autolog.tensorflow.autolog()
    model = estimator(tmp_path)

    def serving() -> Any:
        x = tf.compat.v1.placeholder(tf.float32, [None])
        return tf.estimator.export.ServingInputReceiver({"x": x}, {"x": x})

    tf.estimator.train_and_evaluate(
        model,
        tf.estimator.TrainSpec(rows(), max_steps=3),
        tf.estimator.EvalSpec(once(), exporters=tf.estimator.FinalExporter("last", serving), throttle_secs=0),
    )
    folder = model.export_saved_model(str(tmp_path / "export"), serving)
    artifacts = tracking.run().artifacts
    assert "saved_model/last/saved_model.pb" in artifacts
    assert {"saved_model/saved_model.pb", "saved_model/variables/variables.index"} <= set(artifacts)
    assert tf.saved_model.contains_saved_model(os.fsdecode(folder))


def test_nested_gives_each_training_a_child_and_exclusive_keeps_off(tracking: Tracking, tmp_path: Path):
    autolog.tensorflow.autolog(nested=True, run_name="one of two", extra_tags={"team": "a"})
    model = estimator(tmp_path)
    with mlflow.start_run() as parent:
        model.train(rows(), steps=1)
    autolog.tensorflow.autolog(exclusive=True)
    with mlflow.start_run():
        evaluated = tf.estimator.EvalSpec(once(), steps=None, throttle_secs=0, start_delay_secs=0)
        tf.estimator.train_and_evaluate(model, tf.estimator.TrainSpec(rows(), max_steps=4), evaluated)
        model.train(rows(), steps=1)
    children = [run for run in tracking.runs() if "mlflow.parentRunId" in run.tags]
    assert [run.tags["mlflow.parentRunId"] for run in children] == [parent.info.run_id]
    assert (children[0].name, children[0].tags["team"]) == ("one of two", "a")
    assert len(tracking.runs()) == 3
    assert sum(bool(run.metrics) for run in tracking.runs()) == 1
    # What was evaluated in a training that is not logged is no test of the one before.
    assert not [key for key in children[0].metrics if key.startswith("test_")]


def test_turning_it_off_restores_the_very_functions(tracking: Tracking):
    executor = vars(importlib.import_module("tensorflow_estimator.python.estimator.training"))["_TrainingExecutor"]
    autolog.disable()
    owner = tf.estimator.Estimator.__mro__[1]
    names = ("train", "evaluate", "_train_model", "_call_input_fn", "_export_all_saved_models")
    before = [vars(owner)[name] for name in names] + [executor.run, tf.summary.scalar]
    signature = inspect.signature(tf.estimator.Estimator.train)
    for _ in range(2):
        autolog.tensorflow.autolog()
    assert vars(owner)["train"] is not before[0]
    assert inspect.signature(tf.estimator.Estimator.train) == signature
    autolog.tensorflow.autolog(disable=True)
    after = [vars(owner)[name] for name in names] + [executor.run, tf.summary.scalar]
    assert all(one is other for one, other in zip(before, after, strict=True))


FAILS = """
    import autolog
    autolog.autolog(run_name="fails")
    from pathlib import Path
    from tests.autolog.estimators.stage import estimator, rows
    import os, json
    estimator(Path("a")).train(rows(), steps=2)
    model = estimator(Path("b"))
    os.environ["TF_CONFIG"] = json.dumps(
        {"cluster": {"chief": ["localhost:1"], "worker": ["localhost:2"]}, "task": {"type": "worker", "index": 0}}
    )
    model.train(rows(), steps=2)
    del os.environ["TF_CONFIG"]
    import tensorflow as tf
    with tf.summary.create_file_writer("logs").as_default():
        tf.summary.scalar("mine", 1.0, step=0)
    raise ValueError("of mine")
"""
STOPPED = """
    import os, signal, time
    import autolog
    autolog.autolog(run_name="stopped")
    import tensorflow as tf

    @tf.function
    def train(step):
        tf.summary.scalar("inside", tf.cast(step, tf.float32), step=step)

    tf.summary.create_file_writer("other").set_as_default()
    for step in range(3):
        train(tf.constant(step, tf.int64))
        tf.summary.scalar("outside", step, step=step)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(30)
"""


def test_programs_that_import_tensorflow_later_are_logged_with_how_they_end_and_workers_are_not(tracking: Tracking):
    # At once, since each takes most of its time to import TensorFlow.
    with ThreadPoolExecutor() as pool:
        fails, stopped = pool.map(run_program, [FAILS, STOPPED])
    assert fails.status == 1, fails.errors
    # By the signal or with 1, as Python happens to end while TensorFlow's threads are at work.
    assert stopped.status in {1, -signal.SIGINT}, stopped.errors
    assert "KeyboardInterrupt" in stopped.errors
    assert sorted((run.name, run.status) for run in tracking.runs()) == [
        ("fails", "FAILED"),
        ("fails", "FINISHED"),
        ("stopped", "KILLED"),
    ]
    runs = {run.status: run for run in tracking.runs()}
    assert runs["FINISHED"].steps("loss") == [1, 2]
    assert runs["FAILED"].metrics == {"mine": [(0, 1.0)]}
    assert runs["FAILED"].tags["autolog.error"] == "ValueError: of mine"
    assert runs["KILLED"].metrics == {key: [(step, float(step)) for step in range(3)] for key in ("inside", "outside")}


def test_keras_of_the_same_tensorflow_is_logged_too(tracking: Tracking):
    autolog.tensorflow.autolog(log_models=False)
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    dataset = tf.data.Dataset.from_tensor_slices((tf.ones((8, 2)), tf.ones((8, 1)))).batch(4).prefetch(1)
    history = model.fit(dataset, epochs=2, verbose=0, callbacks={"some": tf.keras.callbacks.Callback()})
    run = tracking.run()
    assert (run.values("loss"), run.params["batch_size"]) == (history.history["loss"], "4")


def test_scalars_of_a_loop_are_logged_from_eager_code_and_from_graphs(tracking: Tracking, tmp_path: Path):
    autolog.tensorflow.autolog()
    writer = tf.summary.create_file_writer(str(tmp_path / "logs"))

    def write(number: Any) -> None:
        tf.summary.scalar("inside", tf.cast(number, tf.float32) * 2.0, step=number)

    step = tf.function(write)
    with mlflow.start_run(), writer.as_default():
        for number in range(3):
            step(tf.constant(number, tf.int64))
            tf.summary.scalar("outside", number, step=number)
    run = tracking.run()
    assert run.metrics["inside"] == [(0, 0.0), (1, 2.0), (2, 4.0)]
    assert run.metrics["outside"] == [(0, 0.0), (1, 1.0), (2, 2.0)]

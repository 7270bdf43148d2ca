"""Which run a training logs to, and how that run ends."""

from __future__ import annotations

import threading
from typing import Any

import keras
import mlflow
import pytest

import autolog
from tests.autolog.keras.models import X, Y, fit, tiny
from tests.autolog.stage import Tracking


class Fail(keras.callbacks.Callback):
    """Ends the second epoch by an exception."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        if epoch == 1:
            raise self.error


def test_without_an_active_run_one_is_made_and_ended(tracking: Tracking):
    autolog.autolog(log_models=False, run_name="mine", extra_tags={"team": "red"})
    fit(tiny())
    run = tracking.run()
    assert (run.status, run.name, run.tags["team"]) == ("FINISHED", "mine", "red")
    assert mlflow.active_run() is None
    assert mlflow.last_active_run().info.run_id == run.run_id


def test_a_run_without_a_name_is_named_after_the_model(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(_named("wolf"))
    assert tracking.run().name.startswith("wolf-")


def _named(name: str) -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)], name=name)
    model.compile("sgd", "mse", jit_compile=False)
    return model


def test_the_active_run_is_used_and_left_open(tracking: Tracking):
    autolog.autolog(log_models=False, extra_tags={"team": "red"})
    with mlflow.start_run() as active:
        fit(tiny())
        assert mlflow.active_run().info.run_id == active.info.run_id
        run = tracking.run()
        assert (run.run_id, run.status, run.tags["team"]) == (active.info.run_id, "RUNNING", "red")
        assert run.steps("loss") == [0, 1]
    assert tracking.run().status == "FINISHED"


def test_the_run_of_a_fit_is_active_inside_it(tracking: Tracking):
    class Own(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            mlflow.log_metric("mine", epoch, step=epoch)

    autolog.autolog(log_models=False)
    fit(tiny(), callbacks=[Own()])
    assert tracking.run().metrics["mine"] == [(0, 0.0), (1, 1.0)]


@pytest.mark.parametrize(("error", "status"), [(ValueError("broken"), "FAILED"), (KeyboardInterrupt(), "KILLED")])
def test_a_training_that_breaks_off_leaves_a_run_that_says_so(tracking: Tracking, error: BaseException, status: str):
    autolog.autolog()
    with pytest.raises(type(error)) as caught:
        fit(tiny(), callbacks=[Fail(error)])
    assert caught.value is error
    run = tracking.run()
    assert run.status == status
    assert run.steps("loss") == [0]
    assert run.models == []
    assert type(error).__name__ in run.tags["autolog.error"]
    assert mlflow.active_run() is None


class Interrupted(keras.layers.Dense):
    """Is interrupted when it is saved."""

    def get_config(self) -> dict[str, Any]:
        raise KeyboardInterrupt


class InterruptedData(keras.utils.PyDataset):
    """Is interrupted when it is looked at."""

    @property
    def shape(self) -> Any:
        raise KeyboardInterrupt


def test_an_interrupt_of_logging_itself_ends_the_run_as_well(tracking: Tracking):
    def interrupted() -> keras.Model:
        model = keras.Sequential([keras.Input((3,)), Interrupted(1)])
        model.compile("sgd", "mse", jit_compile=False)
        return model

    def loop() -> None:
        with autolog.training(interrupted()) as training:
            training.log({"loss": 1.0})

    autolog.autolog()
    for train in (lambda: fit(interrupted()), loop, lambda: tiny().fit(InterruptedData(), verbose=0)):
        with pytest.raises(KeyboardInterrupt):
            train()
        assert mlflow.active_run() is None
    runs = tracking.runs()
    assert [run.status for run in runs] == ["KILLED"] * 3
    assert [run.all_steps.get("loss") for run in runs] == [[0, 1], [0], None]


def test_an_epoch_in_which_a_callback_breaks_off_is_logged_as_far_as_it_is_known(tracking: Tracking):
    class Add(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            logs["added"] = epoch

    class Prune(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise StopIteration("pruned")

    autolog.autolog(log_models=False)
    with pytest.raises(StopIteration, match="pruned"):
        fit(tiny(), epochs=3, callbacks=[Add(), Prune(), Add()])
    run = tracking.run()
    assert (run.status, run.steps("loss"), run.metrics["added"]) == ("FAILED", [0, 1], [(0, 0.0), (1, 1.0)])


def test_a_users_own_run_stays_open_when_training_breaks_off(tracking: Tracking):
    autolog.autolog(log_models=False)
    with mlflow.start_run():
        with pytest.raises(ValueError, match="broken"):
            fit(tiny(), callbacks=[Fail(ValueError("broken"))])
        assert tracking.run().status == "RUNNING"
        fit(tiny())
    assert tracking.run().status == "FINISHED"


def test_exclusive_keeps_off_a_users_run(tracking: Tracking):
    autolog.autolog(log_models=False, exclusive=True)
    with mlflow.start_run():
        fit(tiny())
    run = tracking.run()
    assert (run.metrics, run.params) == ({}, {})
    fit(tiny())
    assert len(tracking.runs()) == 2


def test_what_is_evaluated_in_or_after_a_fit_that_is_not_logged_is_no_test_of_an_earlier_one(tracking: Tracking):
    autolog.autolog(log_models=False, exclusive=True)
    model = tiny()
    fit(model)
    with mlflow.start_run():
        fit(model, validation_data=(X, Y))
        model.evaluate(X, Y, verbose=0)
    logged, users = tracking.runs()
    assert [key for key in logged.metrics if key.startswith("test_")] == []
    assert users.metrics == {}
    fit(model)
    model.evaluate(X, Y, verbose=0)
    assert tracking.runs()[-1].steps("test_loss") == [1]


def test_nested_gives_each_fit_a_child_run(tracking: Tracking):
    autolog.autolog(log_models=False, nested=True)
    with mlflow.start_run() as parent:
        for rate in (0.1, 0.2):
            fit(tiny(keras.optimizers.SGD(rate)))
    first, *children = tracking.runs()
    assert (first.run_id, first.params) == (parent.info.run_id, {})
    assert [each.params["learning_rate"] for each in children] == ["0.1", "0.2"]
    assert {each.tags["mlflow.parentRunId"] for each in children} == {parent.info.run_id}
    assert {each.status for each in tracking.runs()} == {"FINISHED"}


def test_params_of_a_second_fit_in_one_run_go_beside_the_first(tracking: Tracking):
    autolog.autolog(log_models=False)
    with mlflow.start_run():
        fit(tiny(), epochs=2)
        fit(tiny(), epochs=3)
    params = tracking.run().params
    assert (params["epochs"], params["fit_2/epochs"], params["batch_size"]) == ("2", "3", "10")
    assert "fit_2/batch_size" not in params


def test_a_param_of_the_users_own_is_kept_and_ours_goes_beside_it(tracking: Tracking):
    autolog.autolog(log_models=False)
    with mlflow.start_run():
        mlflow.log_param("epochs", "as many as it takes")
        fit(tiny())
    params = tracking.run().params
    assert (params["epochs"], params["autolog/epochs"], params["optimizer_name"]) == ("as many as it takes", "2", "SGD")


def test_a_second_fit_in_one_run_goes_on_where_the_first_stopped(tracking: Tracking):
    autolog.autolog(log_models=False, log_every_n_steps=2)
    model = tiny()
    with mlflow.start_run():
        fit(model)
        fit(model, initial_epoch=2, epochs=3)
        fit(model, epochs=1)
        model.evaluate(X, Y, verbose=0)
    run = tracking.run()
    assert run.steps("loss") == [0, 1, 2, 3]
    assert run.steps("step_loss") == [0, 2, 4, 6, 8, 10, 12, 14]
    assert run.steps("test_loss") == [3]


def test_a_fit_that_begins_at_a_later_epoch_counts_its_steps_from_there(tracking: Tracking):
    autolog.autolog(log_models=False, log_every_n_steps=2)
    fit(tiny(), initial_epoch=5, epochs=7)
    run = tracking.run()
    assert (run.steps("loss"), run.steps("step_loss")) == ([5, 6], [20, 22, 24, 26])


def test_a_fit_inside_a_fit_is_not_logged_on_its_own(tracking: Tracking):
    class Inner(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            inner = tiny()
            fit(inner, epochs=5)
            inner.evaluate(X, Y, verbose=0)

    autolog.autolog(log_models=False)
    fit(tiny(), callbacks=[Inner()])
    run = tracking.run()
    assert (run.steps("loss"), "test_loss" in run.metrics) == ([0, 1], False)


def test_fits_in_several_threads_have_a_run_each(tracking: Tracking):
    autolog.autolog(log_models=False)
    models = [tiny(keras.optimizers.SGD(rate)) for rate in (0.01, 0.02, 0.03)]
    threads = [threading.Thread(target=fit, args=(model,), kwargs={"epochs": 4}) for model in models]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    runs = tracking.runs()
    assert sorted(run.params["learning_rate"] for run in runs) == ["0.01", "0.02", "0.03"]
    assert [run.steps("loss") for run in runs] == [[0, 1, 2, 3]] * 3
    assert {run.status for run in runs} == {"FINISHED"}


def test_the_run_that_mlflow_has_made_for_the_process_is_used(tracking: Tracking, monkeypatch: pytest.MonkeyPatch):
    given = tracking.client.create_run("0")
    monkeypatch.setenv("MLFLOW_RUN_ID", given.info.run_id)
    autolog.autolog(log_models=False)
    fit(tiny())
    run = tracking.run()
    assert (run.run_id, run.status, run.steps("loss")) == (given.info.run_id, "RUNNING", [0, 1])


def test_the_chosen_experiment_is_used(tracking: Tracking):
    experiment = mlflow.set_experiment("wolves")
    autolog.autolog(log_models=False)
    try:
        fit(tiny())
        (run,) = tracking.client.search_runs([experiment.experiment_id])
        assert run.info.status == "FINISHED"
    finally:
        mlflow.set_experiment("Default")

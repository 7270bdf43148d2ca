"""Keras trains on as if nothing were wrong while the tracking server is down, and loses nothing of it."""

from __future__ import annotations

import _thread
import threading
import time
from collections.abc import Callable
from typing import Any

import keras
import mlflow
import pytest

import autolog
from tests.autolog.faults.conftest import Served
from tests.autolog.faults.proxy import Fault
from tests.autolog.keras.models import fit, tiny

EPOCHS = 4


class At(keras.callbacks.Callback):
    """Does something at the end of an epoch."""

    def __init__(self, epoch: int, act: Callable[[], Any]) -> None:
        super().__init__()
        self.epoch, self.act = epoch, act

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            self.act()


def assert_everything_is_there_once(served: Served) -> None:
    assert autolog.flush(60)
    run = served.run()
    assert run.status == "FINISHED"
    assert run.params["epochs"] == str(EPOCHS)
    assert run.params["num_layers"] == "2"
    assert "model_summary" in run.tags
    for key in ("loss", "mae", "val_loss", "learning_rate", "epoch_seconds"):
        assert run.steps(key) == list(range(EPOCHS)), key
    assert run.steps("step_loss") == list(range(EPOCHS * 3))


def test_a_server_that_is_down_from_start_to_end_of_a_fit(served: Served):
    autolog.autolog(log_every_n_steps=1)
    with served.proxy.misbehaving("refuse"), pytest.warns(autolog.AutologWarning, match="autolog sync"):
        history = fit(tiny(), epochs=EPOCHS, validation_split=0.25)
    assert history.epoch == list(range(EPOCHS))
    assert_everything_is_there_once(served)
    assert len(mlflow.MlflowClient(served.uri).get_run(served.run().run_id).outputs.model_outputs) == 1


@pytest.mark.parametrize("fault", ["refuse", "hang"])
def test_a_server_that_goes_down_in_the_middle_and_is_back_before_the_end(served: Served, fault: Fault):
    autolog.autolog(log_every_n_steps=1, log_models=False)

    def down() -> None:
        served.proxy.misbehave(fault)

    callbacks = [At(1, autolog.flush), At(1, down), At(2, served.proxy.behave)]
    fit(tiny(), epochs=EPOCHS, validation_split=0.25, callbacks=callbacks)
    assert_everything_is_there_once(served)


def test_a_server_that_goes_down_before_the_end(served: Served):
    autolog.autolog(log_every_n_steps=1)
    callbacks = [At(EPOCHS - 1, autolog.flush), At(EPOCHS - 1, lambda: served.proxy.misbehave("refuse"))]
    with pytest.warns(autolog.AutologWarning, match="autolog sync"):
        fit(tiny(), epochs=EPOCHS, validation_split=0.25, callbacks=callbacks)
    assert served.run().status == "RUNNING"
    served.proxy.behave()
    assert_everything_is_there_once(served)


def test_a_hanging_server_holds_up_no_step(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "90")
    autolog.autolog(log_every_n_steps=1, log_models=False)
    steps_while_it_hung: list[int] = []

    class Count(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            while epoch == 1 and not served.proxy.hung:
                autolog.flush(0.1)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if served.proxy.hung == 1:
                steps_while_it_hung.append(batch)

        def on_train_end(self, logs: Any = None) -> None:
            served.proxy.behave()

    fit(
        tiny(), epochs=EPOCHS, validation_split=0.25, callbacks=[At(0, lambda: served.proxy.misbehave("hang")), Count()]
    )
    assert len(steps_while_it_hung) == (EPOCHS - 1) * 3
    assert_everything_is_there_once(served)


def test_a_fit_that_is_interrupted_while_its_start_waits_leaves_no_run_behind(served: Served):
    autolog.autolog(log_models=False)

    def interrupt() -> None:
        while not served.proxy.hung:
            time.sleep(0.05)
        _thread.interrupt_main()

    with served.proxy.misbehaving("hang"):
        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            fit(tiny(), epochs=EPOCHS)
    assert mlflow.active_run() is None
    assert autolog.flush(60)
    run = served.run()
    assert (run.status, run.metrics) == ("KILLED", {})
    fit(tiny(), epochs=EPOCHS)
    assert [each.status for each in served.runs()] == ["KILLED", "FINISHED"]

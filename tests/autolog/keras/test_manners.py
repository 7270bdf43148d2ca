"""That logging is not felt: arguments, results, errors, signatures, callbacks, random numbers."""

from __future__ import annotations

import inspect
import random
import warnings
from typing import Any

import keras
import numpy as np
import pytest
import tf_keras
from keras.callbacks import CallbackList
from mlflow.utils import autologging_utils

import autolog
from autolog.keras import callbacks
from tests.autolog.keras import models
from tests.autolog.keras.models import Counting, X, Y, fit, tiny
from tests.autolog.stage import Tracking


def test_arguments_may_be_positional(tracking: Tracking):
    autolog.autolog(log_models=False)
    given = [Counting()]
    # x, y, batch_size, epochs, verbose, callbacks, validation_split
    tiny().fit(X, Y, 20, 2, 0, given, 0.5)
    run = tracking.run()
    assert (run.params["batch_size"], run.params["epochs"], run.params["validation_split"]) == ("20", "2", "0.5")
    assert run.steps("val_loss") == [0, 1]
    assert (len(given), given[0].epochs) == (1, [0, 1])


def test_evaluate_may_be_called_with_positional_callbacks(tracking: Tracking):
    class Seen(keras.callbacks.Callback):
        ended = 0

        def on_test_end(self, logs: Any = None) -> None:
            self.ended += 1

    autolog.autolog(log_models=False)
    model, seen = tiny(), [Seen()]
    fit(model)
    plain = model.evaluate(X, Y, 10, 0, None, None, seen)
    assert (len(seen), seen[0].ended) == (1, 1)
    assert isinstance(plain, list)
    assert set(model.evaluate(X, Y, verbose=0, return_dict=True)) == {"loss", "mae"}


@pytest.mark.parametrize("form", ["list", "tuple", "one", "dict"])
def test_callbacks_of_any_form_work_and_are_not_changed(tracking: Tracking, form: str):
    autolog.autolog(log_models=False)
    one, two = Counting(), Counting()
    given: Any = {
        "list": [one, two],
        "tuple": (one, two),
        "one": one,
        "dict": {"first": one, "second": two},
    }[form]
    arguments = {"epochs": 2, "verbose": 0, "callbacks": given}
    tiny().fit(X, Y, **arguments)
    assert one.epochs == [0, 1]
    assert arguments == {"epochs": 2, "verbose": 0, "callbacks": given}
    if isinstance(given, (list, tuple, dict)):
        assert len(given) == 2
    assert tracking.run().steps("loss") == [0, 1]


@pytest.mark.parametrize("module", [keras, tf_keras])
def test_callbacks_in_a_dict_are_called_in_keras_order(module: Any):
    given = {name: module.callbacks.Callback() for name in "bca"}
    ours = module.callbacks.Callback()
    extended = callbacks.with_ours(module, given, None, ours)
    expected = [*module.callbacks.CallbackList(given).callbacks, ours]
    assert module.callbacks.CallbackList(extended).callbacks == expected


def test_a_list_of_callbacks_can_be_used_for_several_fits(tracking: Tracking):
    autolog.autolog(log_models=False)
    given: list[Any] = []
    for _ in range(3):
        fit(tiny(), epochs=1, callbacks=given)
    assert given == []
    assert [run.steps("loss") for run in tracking.runs()] == [[0]] * 3


def test_a_callback_list_of_keras_own_works_and_is_not_changed(tracking: Tracking):
    autolog.autolog(log_models=False, log_every_n_steps=2)
    model, counting = tiny(), Counting()
    given = CallbackList([counting], add_history=True, model=model, epochs=2, steps=4)
    before = list(given.callbacks)
    fit(model, callbacks=given)
    assert given.callbacks == before
    assert counting.epochs == [0, 1]
    run = tracking.run()
    assert (run.steps("loss"), run.steps("step_loss")) == ([0, 1], [0, 2, 4, 6])


def test_the_result_is_keras_own(tracking: Tracking):
    autolog.autolog(log_models=False)
    model = tiny()
    history = fit(model)
    assert history is model.history
    assert set(history.history) == {"loss", "mae"}


def test_the_original_is_called_once(tracking: Tracking):
    class Own(keras.Model):
        calls = 0

        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

        def fit(self, *args: Any, **kwargs: Any) -> Any:
            Own.calls += 1
            return super().fit(*args, **kwargs)

    autolog.autolog(log_models=False)
    model = Own()
    model.compile("sgd", "mse", jit_compile=False)
    fit(model)
    assert Own.calls == 1
    assert int(model.optimizer.iterations) == 8
    assert tracking.run().steps("loss") == [0, 1]


def test_a_wrong_call_gets_keras_own_error(tracking: Tracking):
    autolog.autolog(log_models=False)
    with pytest.raises(TypeError) as ours:
        tiny().fit(X, Y, epoch=3)
    autolog.disable()
    with pytest.raises(TypeError) as theirs:
        tiny().fit(X, Y, epoch=3)
    assert str(ours.value) == str(theirs.value)
    assert tracking.runs() == []


@pytest.mark.parametrize("name", ["fit", "evaluate"])
def test_signature_and_documentation_are_the_originals(tracking: Tracking, name: str):
    original = getattr(keras.Model, name)
    signature, documentation = inspect.signature(original), original.__doc__
    autolog.autolog()
    patched = getattr(keras.Model, name)
    assert patched is not original
    assert inspect.signature(patched) == signature
    assert (patched.__doc__, patched.__name__, patched.__module__) == (documentation, name, original.__module__)


def test_disable_puts_the_very_function_back(tracking: Tracking):
    before = {name: inspect.getattr_static(keras.Model, name) for name in ("fit", "evaluate")}
    own = {name: name in vars(keras.Model) for name in before}
    autolog.autolog()
    autolog.disable()
    for name, function in before.items():
        assert inspect.getattr_static(keras.Model, name) is function
        assert (name in vars(keras.Model)) is own[name]
    fit(tiny())
    assert tracking.runs() == []


def test_turned_on_twice_is_on_once_with_the_later_options(tracking: Tracking):
    autolog.autolog(log_models=False, run_name="first")
    autolog.keras.autolog(log_models=False, run_name="second")
    fit(tiny())
    run = tracking.run()
    assert (run.name, run.steps("loss")) == ("second", [0, 1])


def test_a_function_kept_from_before_disable_logs_nothing_afterwards(tracking: Tracking):
    autolog.autolog()
    kept = keras.Model.fit
    autolog.disable()
    kept(tiny(), X, Y, verbose=0)
    assert tracking.runs() == []


def test_a_patch_on_top_of_ours_stays(tracking: Tracking):
    autolog.autolog(log_models=False)
    owner = next(each for each in keras.Model.__mro__ if "fit" in vars(each))
    ours, calls = owner.fit, []

    def theirs(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return ours(*args, **kwargs)

    owner.fit = theirs
    try:
        autolog.disable()
        assert owner.fit is theirs
        fit(tiny())
        assert (calls, tracking.runs()) == ([1], [])
    finally:
        owner.fit = inspect.unwrap(ours)


def test_training_gives_the_same_weights_with_and_without_logging(tracking: Tracking):
    def train() -> tuple[list[Any], float, float]:
        keras.utils.set_random_seed(7)
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
        )
        model.compile("adam", "mse", jit_compile=False)
        fit(model, epochs=3, validation_split=0.25)
        model.evaluate(X, Y, verbose=0)
        return model.get_weights(), random.random(), float(np.random.random())  # noqa: NPY002 - the state is the point

    without = train()
    autolog.autolog(log_every_n_steps=1, checkpoint=True)
    with_logging = train()
    for left, right in zip(without[0], with_logging[0], strict=True):
        np.testing.assert_array_equal(left, right)
    assert without[1:] == with_logging[1:]


class Unspeakable(keras.optimizers.SGD):
    """Works, and cannot say how it is set."""

    def get_config(self) -> dict[str, Any]:
        raise RuntimeError("no config today")


def test_a_failure_of_logging_is_told_once_and_training_goes_on(tracking: Tracking):
    autolog.autolog(log_models=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            assert len(fit(tiny(Unspeakable(0.1))).history["loss"]) == 2
    told = [each for each in caught if issubclass(each.category, autolog.AutologWarning)]
    (warning,) = told
    assert "no config today" in str(warning.message)
    assert warning.filename == models.__file__, "it points at the program's call of fit"
    assert [(run.status, run.steps("loss")) for run in tracking.runs()] == [("FINISHED", [0, 1])] * 2


class Unprintable(int):
    """Works as a number, and cannot be written down."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_argument_that_cannot_be_told_costs_only_the_arguments(tracking: Tracking):
    autolog.autolog(log_models=False)
    stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=7)
    with pytest.warns(autolog.AutologWarning, match="could not log the arguments of fit.*no words"):
        fit(tiny(), class_weight={Unprintable(0): 1.0, Unprintable(1): 2.0}, callbacks=[stopping])
    run = tracking.run()
    assert (run.params["early_stopping_patience"], run.params["optimizer_name"]) == ("7", "SGD")
    assert (run.tags["autolog.framework"], run.steps("loss")) == ("keras", [0, 1])


def test_that_mlflows_own_autologging_is_on_as_well_is_told(tracking: Tracking, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(autologging_utils.AUTOLOGGING_INTEGRATIONS, "keras", {"disable": False})
    autolog.autolog(log_models=False)
    with pytest.warns(autolog.AutologWarning, match=r"logged twice.*mlflow\.keras\.autolog\(disable=True\)"):
        fit(tiny())
    assert tracking.run().status == "FINISHED"


def test_silent_means_without_a_warning(tracking: Tracking):
    autolog.autolog(log_models=False, silent=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", autolog.AutologWarning)
        fit(tiny(Unspeakable(0.1)))
    assert tracking.run().status == "FINISHED"


def test_where_warnings_are_errors_training_still_goes_on(tracking: Tracking, caplog: pytest.LogCaptureFixture):
    autolog.autolog(log_models=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", autolog.AutologWarning)
        assert len(fit(tiny(Unspeakable(0.1))).history["loss"]) == 2
    assert "no config today" in caplog.text


def test_a_model_that_cannot_be_saved_costs_only_the_model(tracking: Tracking):
    class Unsaveable(keras.layers.Dense):
        def get_config(self) -> dict[str, Any]:
            raise RuntimeError("not this one")

    autolog.autolog(checkpoint=True)
    model = keras.Sequential([keras.Input((3,)), Unsaveable(1)])
    model.compile("sgd", "mse", jit_compile=False)
    with (
        pytest.warns(autolog.AutologWarning, match="could not save a checkpoint"),
        pytest.warns(autolog.AutologWarning, match="could not log the model"),
    ):
        fit(model)
    run = tracking.run()
    assert (run.status, run.models, run.steps("loss")) == ("FINISHED", [], [0, 1])


def test_a_fit_that_is_under_way_is_logged_to_its_end_after_disable(tracking: Tracking):
    class TurnOff(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            autolog.disable()

    autolog.autolog(log_models=False)
    fit(tiny(), callbacks=[TurnOff()])
    run = tracking.run()
    assert (run.status, run.steps("loss")) == ("FINISHED", [0, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"log_every_n_steps": 0}, "log_every_n_steps must be a whole number of at least 1, or None; it is 0"),
        ({"log_every_n_steps": 2.5}, "log_every_n_steps must be a whole number of at least 1, or None; it is 2.5"),
        ({"checkpoint_mode": "best"}, 'checkpoint_mode must be "min" or "max"; it is \'best\''),
        ({"extra_tags": ["red"]}, "extra_tags must be a dict of names and values; it is a list"),
    ],
)
def test_an_impossible_option_is_refused_in_words(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match="must be") as caught:
        autolog.autolog(**options)
    assert str(caught.value) == message


def test_an_option_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="log_every_batch"):
        autolog.autolog(log_every_batch=True)

"""What a call of fit leaves in MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import mlflow
import numpy as np
import pytest

import autolog
from autolog.keras import facts
from tests.autolog.keras.models import ROWS, X, Y, fit, tiny
from tests.autolog.stage import Tracking


def test_every_metric_of_every_epoch_is_logged_once_at_its_epoch(tracking: Tracking):
    autolog.autolog(log_models=False)
    history = fit(tiny(), epochs=3, validation_split=0.25)
    run = tracking.run()
    assert run.status == "FINISHED"
    for key in ("loss", "mae", "val_loss", "val_mae"):
        assert run.steps(key) == [0, 1, 2]
        assert run.values(key) == history.history[key]
    assert not [key for key in run.metrics if key.startswith(("validation", "step_"))]


def test_the_arguments_of_fit_are_params_and_its_data_are_not(tracking: Tracking):
    autolog.autolog(log_models=False)
    weights = dict(zip(np.unique(Y.astype(int)), np.array([1.0, 2.5]), strict=True))
    fit(tiny(), class_weight=weights, batch_size=np.int64(5), steps_per_epoch=2, shuffle=False)
    params = tracking.run().params
    assert (params["epochs"], params["batch_size"], params["steps_per_epoch"]) == ("2", "5", "2")
    assert (params["shuffle"], params["validation_split"], params["initial_epoch"]) == ("False", "0.0", "0")
    assert params["class_weight"] == '{"0": 1.0, "1": 2.5}'
    assert (params["sample_weight"], params["validation_data"]) == ("None", "None")
    assert not {"x", "y", "verbose", "callbacks", "self"} & set(params)


def test_given_weights_and_validation_data_are_told_without_their_content(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(tiny(), sample_weight=np.ones(ROWS), validation_data=(X, Y))
    params = tracking.run().params
    assert (params["sample_weight"], params["validation_data"], params["class_weight"]) == ("given", "given", "None")


def test_the_batch_size_is_the_one_that_was_used(tracking: Tracking):
    autolog.autolog(log_models=False)
    tiny().fit(X, Y, verbose=0)
    assert tracking.run().params["batch_size"] == "32"


def test_model_and_optimizer_are_params(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(tiny(keras.optimizers.Adam(0.003, epsilon=1e-6, beta_1=0.8), "binary_crossentropy"))
    params = tracking.run().params
    assert (params["num_layers"], params["num_params"], params["loss"]) == ("2", "21", "binary_crossentropy")
    assert (params["optimizer_name"], params["learning_rate"], params["epsilon"]) == ("Adam", "0.003", "1e-06")
    assert (params["opt_beta_1"], params["opt_beta_2"], params["opt_amsgrad"]) == ("0.8", "0.999", "False")


def test_a_learning_rate_that_a_function_gives_is_told_as_a_number():
    assert facts.of_optimizer(keras.optimizers.SGD(lambda: 0.25))["learning_rate"] == 0.25


def test_a_schedule_is_told_with_its_name_and_settings(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(tiny(keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5))))
    run = tracking.run()
    assert run.params["learning_rate"].startswith("ExponentialDecay(initial_learning_rate=0.1, decay_steps=4, ")
    # Four steps an epoch, so half of it in the second.
    assert run.metrics["learning_rate"] == [(0, pytest.approx(0.1)), (1, pytest.approx(0.05))]


def test_the_learning_rate_of_each_epoch_is_logged_once_also_if_keras_logs_it(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(tiny(), epochs=3, callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch: 0.2 / (epoch + 1))])
    rates = tracking.run().metrics["learning_rate"]
    assert rates == [(0, pytest.approx(0.2)), (1, pytest.approx(0.1)), (2, pytest.approx(0.2 / 3))]


def test_a_reduced_learning_rate_counts_from_the_epoch_after(tracking: Tracking):
    autolog.autolog(log_models=False)
    reduce = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, min_delta=100)
    fit(tiny(), epochs=3, callbacks=[reduce])
    assert tracking.run().values("learning_rate") == [pytest.approx(0.01), pytest.approx(0.01), pytest.approx(0.005)]


def test_time_and_speed_are_logged_for_each_epoch(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(tiny(), validation_split=0.5)
    run = tracking.run()
    assert run.steps("epoch_seconds") == run.steps("examples_per_second") == [0, 1]
    for (_, seconds), (_, speed) in zip(run.metrics["epoch_seconds"], run.metrics["examples_per_second"], strict=True):
        # The half that is trained on; validating it takes part of the epoch's time.
        assert seconds > 0
        assert speed >= ROWS / 2 / seconds


def test_with_log_every_n_steps_training_metrics_are_also_at_their_global_step(tracking: Tracking):
    autolog.autolog(log_models=False, log_every_n_steps=3)
    history = fit(tiny(), validation_split=0.5, batch_size=5)
    run = tracking.run()
    # Four steps in each of two epochs: 0 to 7.
    assert run.steps("step_loss") == run.steps("step_mae") == [0, 3, 6]
    assert run.steps("loss") == run.steps("val_loss") == [0, 1]
    assert run.values("loss") == history.history["loss"]
    # Keras gives the mean since the epoch began, so at its last step it is the epoch's.
    assert dict(run.metrics["step_loss"])[3] == pytest.approx(history.history["loss"][0])
    assert not [key for key in run.metrics if key.startswith("step_val")]


def test_several_steps_in_one_execution_are_logged_at_the_last_of_them(tracking: Tracking):
    autolog.autolog(log_models=False, log_every_n_steps=2)
    fit(tiny(steps_per_execution=4), batch_size=5)
    # Eight steps an epoch, told after four each.
    assert tracking.run().steps("step_loss") == [3, 7, 11, 15]


def test_nothing_is_logged_after_an_early_stop(tracking: Tracking):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            if batch == 2:
                self.model.stop_training = True

    autolog.autolog(log_models=False, log_every_n_steps=1)
    fit(tiny(), epochs=4, callbacks=[Stop()])
    run = tracking.run()
    assert run.steps("step_loss") == [0, 1, 2]
    assert run.steps("loss") == [0]


def test_without_log_every_epoch_epochs_are_not_logged(tracking: Tracking):
    autolog.autolog(log_models=False, log_every_epoch=False)
    fit(tiny())
    run = tracking.run()
    assert run.metrics == {}
    assert run.params["epochs"] == "2"


def test_an_early_stop_is_logged_with_the_metrics_of_the_restored_weights(tracking: Tracking):
    autolog.autolog(log_models=False)
    stopping = keras.callbacks.EarlyStopping(monitor="val_mae", patience=2, min_delta=100, restore_best_weights=True)
    model = tiny()
    history = fit(model, epochs=9, validation_split=0.25, callbacks=[stopping])
    run = tracking.run()
    assert (run.metrics["stopped_epoch"], run.metrics["restored_epoch"]) == ([(2, 2.0)], [(0, 0.0)])
    assert run.metrics["restored_val_mae"] == [(0, history.history["val_mae"][0])]
    assert run.metrics["restored_loss"] == [(0, history.history["loss"][0])]
    assert run.steps("val_mae") == [0, 1, 2]
    assert (run.params["early_stopping_monitor"], run.params["early_stopping_patience"]) == ("val_mae", "2")


def test_a_training_that_was_not_stopped_early_has_no_stopped_epoch(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(tiny(), callbacks=[keras.callbacks.EarlyStopping(monitor="loss", patience=50)])
    assert not {"stopped_epoch", "restored_epoch"} & set(tracking.run().metrics)


def test_evaluate_after_fit_is_test_metrics_of_the_same_run(tracking: Tracking):
    autolog.autolog(log_models=False)
    model = tiny()
    fit(model)
    loss, mae = model.evaluate(X, Y, verbose=0)
    run = tracking.run()
    assert run.metrics["test_loss"] == [(1, pytest.approx(loss))]
    assert run.metrics["test_mae"] == [(1, pytest.approx(mae))]


def test_what_is_evaluated_next_has_a_name_of_its_own(tracking: Tracking):
    autolog.autolog(log_models=False)
    model = tiny()
    fit(model)
    losses = [model.evaluate(X[:rows], Y[:rows], verbose=0)[0] for rows in (40, 8, 20)]
    metrics = tracking.run().metrics
    assert [metrics[key] for key in ("test_loss", "test_2_loss", "test_3_loss")] == [
        [(1, pytest.approx(loss))] for loss in losses
    ]


def test_evaluate_without_a_fit_is_not_logged(tracking: Tracking):
    autolog.autolog(log_models=False)
    tiny().evaluate(X, Y, verbose=0)
    assert tracking.runs() == []


def test_a_metric_with_a_value_for_each_class_is_one_metric_each(tracking: Tracking):
    autolog.autolog(log_models=False)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "mse", metrics=[keras.metrics.F1Score(average=None)], jit_compile=False)
    model.fit(X, np.hstack([Y, 1 - Y]), verbose=0)
    run = tracking.run()
    assert (run.steps("f1_score_0"), run.steps("f1_score_1"), "f1_score" in run.metrics) == ([0], [0], False)


def test_a_name_that_mlflow_does_not_take_is_made_one_that_it_takes(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(tiny(metrics=[keras.metrics.MeanAbsoluteError(name="mae@2 (%)")]))
    assert tracking.run().steps("mae_2 ___") == [0, 1]


def test_the_summary_is_a_tag_and_an_artifact(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(tiny())
    run = tracking.run()
    assert "Total params" in run.tags["model_summary"]
    path = tracking.client.download_artifacts(run.run_id, "model_summary.txt")
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - MLflow gives a path as text
        assert file.read() == run.tags["model_summary"]


def test_a_long_summary_is_cut_in_the_tag_and_whole_in_the_artifact(tracking: Tracking):
    autolog.autolog(log_models=False)
    model = keras.Sequential([keras.Input((3,)), *(keras.layers.Dense(1) for _ in range(60))])
    model.compile("sgd", "mse", jit_compile=False)
    fit(model, epochs=1)
    run = tracking.run()
    assert len(run.tags["model_summary"]) == 8000
    assert run.tags["model_summary"].endswith("…")
    path = tracking.client.download_artifacts(run.run_id, "model_summary.txt")
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - MLflow gives a path as text
        whole = file.read()
    assert whole.startswith(run.tags["model_summary"][:-1])
    assert "Total params" in whole


def test_framework_backend_and_versions_are_tags(tracking: Tracking):
    import tensorflow as tf

    autolog.autolog(log_models=False)
    fit(tiny())
    tags = tracking.run().tags
    assert (tags["autolog.framework"], tags["autolog.framework_version"]) == ("keras", keras.__version__)
    assert (tags["autolog.backend"], tags["autolog.backend_version"]) == ("tensorflow", tf.__version__)
    assert tags["autolog.version"] == autolog.__version__


def test_the_model_is_logged_with_a_signature_from_the_data(tracking: Tracking):
    autolog.autolog()
    model = tiny()
    fit(model)
    run = tracking.run()
    uri = f"runs:/{run.run_id}/model"
    loaded = mlflow.keras.load_model(uri)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    (signature,) = [mlflow.models.get_model_info(uri).signature]
    assert [(each.type.name, each.shape) for each in signature.inputs.inputs] == [("float32", (-1, 3))]
    assert [each.shape for each in signature.outputs.inputs] == [(-1, 1)]
    (model_id,) = run.models
    assert str(tracking.client.get_logged_model(model_id).status) == "READY"
    assert mlflow.pyfunc.load_model(uri).predict(X).shape == (ROWS, 1)


def test_without_log_models_none_is_logged(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(tiny())
    assert tracking.run().models == []


def test_by_default_there_are_no_checkpoints(tracking: Tracking):
    autolog.autolog(log_models=False)
    fit(tiny())
    assert tracking.run().artifacts == ["model_summary.txt"]


def test_the_best_and_the_last_checkpoint_can_be_loaded(tracking: Tracking):
    class Worsen(keras.callbacks.Callback):
        """Makes the first epoch the best one."""

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            if epoch == 0:
                self.first = self.model.get_weights()
            self.model.optimizer.learning_rate = 50.0

    autolog.autolog(log_models=False, checkpoint=True)
    model, worsen = tiny(), Worsen()
    fit(model, epochs=3, validation_data=(X, Y), callbacks=[worsen])
    run = tracking.run()
    assert run.artifacts == ["checkpoints/best.keras", "checkpoints/last.keras", "model_summary.txt"]
    best, last = (
        keras.models.load_model(tracking.client.download_artifacts(run.run_id, f"checkpoints/{name}.keras"))
        for name in ("best", "last")
    )
    for kept, loaded in ((worsen.first, best), (model.get_weights(), last)):
        for left, right in zip(kept, loaded.get_weights(), strict=True):
            np.testing.assert_array_equal(left, right)
    assert run.tags["autolog.best_epoch"] == "0"


def test_the_best_checkpoint_can_go_by_another_metric(tracking: Tracking):
    autolog.autolog(log_models=False, checkpoint=True, checkpoint_monitor="mae", checkpoint_mode="max")
    history = fit(tiny(), epochs=3)
    best = int(np.argmax(history.history["mae"]))
    assert tracking.run().tags["autolog.best_epoch"] == str(best)


def test_a_metric_to_monitor_that_is_not_there_is_told_and_the_loss_taken(tracking: Tracking):
    autolog.autolog(log_models=False, checkpoint=True, checkpoint_monitor="val_mea")
    with pytest.warns(autolog.AutologWarning, match=r"no metric 'val_mea'.*The metrics are: .*loss"):
        fit(tiny())
    assert "checkpoints/best.keras" in tracking.run().artifacts


class Lossless(keras.Sequential):
    """Gives a metric, and none that is called `loss`; one of its metrics is no number."""

    def train_step(self, data: Any) -> Any:
        self(data[0])
        return {"mine": 1.0 / (1.0 + self.optimizer.iterations), "each": np.ones(3)}


def lossless() -> Any:
    model = Lossless([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", jit_compile=False, run_eagerly=True)
    return model


def test_checkpoints_do_without_a_loss(tracking: Tracking):
    autolog.autolog(log_models=False, checkpoint=True)
    with pytest.warns(autolog.AutologWarning, match=r"no metric 'val_loss', so none is the best.*mine"):
        fit(lossless(), epochs=1)
    autolog.autolog(log_models=False, checkpoint=True, checkpoint_monitor="mine")
    fit(lossless(), epochs=1)
    without, with_best = (run.artifacts for run in tracking.runs())
    assert without == ["checkpoints/last.keras", "model_summary.txt"]
    assert with_best == ["checkpoints/best.keras", "checkpoints/last.keras", "model_summary.txt"]


def test_a_checkpoint_that_cannot_be_judged_is_the_last_one_and_the_ones_before_are_gone(tracking: Tracking):
    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            kept.append(len(list(Path(tracking.spool).rglob("*.keras"))))

    kept: list[int] = []
    autolog.autolog(log_models=False, checkpoint=True, checkpoint_monitor="each")
    with pytest.warns(autolog.AutologWarning, match="could not keep the best checkpoint"):
        fit(lossless(), epochs=4, callbacks=[Look()])
    assert max(kept) <= 1
    assert tracking.run().artifacts == ["checkpoints/last.keras", "model_summary.txt"]

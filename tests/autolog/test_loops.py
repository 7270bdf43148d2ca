"""Training loops of one's own, inside `autolog.training`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import keras
import mlflow
import numpy as np
import pytest
import tensorflow as tf

import autolog
from autolog.keras import values
from tests.autolog.keras.models import X, Y, fit, tiny
from tests.autolog.stage import Tracking


def test_a_loop_that_writes_nothing_has_its_model_its_metrics_and_its_end_logged(tracking: Tracking):
    model = tiny()
    with autolog.training(model):
        losses = [float(model.train_on_batch(X[:8], Y[:8])[0]) for _ in range(3)]
        model.test_on_batch(X, Y)
    run = tracking.run()
    assert (run.status, run.params["num_params"], run.params["optimizer_name"]) == ("FINISHED", "21", "SGD")
    assert (run.steps("loss"), run.steps("mae")) == ([0, 1, 2], [0, 1, 2])
    assert run.values("loss") == pytest.approx(losses)
    assert (run.steps("test_loss"), run.steps("training_seconds")) == ([0], [2])
    assert run.artifacts == ["model_summary.txt"]
    loaded = mlflow.keras.load_model(f"runs:/{run.run_id}/model")
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])


def test_a_loop_with_a_gradient_tape_logs_what_it_is_given(tracking: Tracking):
    model = keras.Sequential([keras.layers.Dense(1)])
    optimizer = keras.optimizers.Adam(0.01)
    with autolog.training(model, optimizer) as training:
        for _ in range(3):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((model(X) - Y) ** 2)
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
            training.log({"loss": loss})
        training.log({"accuracy": 0.5}, step=30)
        assert training.run_id == mlflow.active_run().info.run_id
    run = tracking.run()
    assert (run.steps("loss"), run.metrics["accuracy"]) == ([0, 1, 2], [(30, 0.5)])
    # The model was built by the loop.
    assert (run.params["num_params"], run.params["learning_rate"]) == ("4", "0.01")
    assert "dense" in run.tags["model_summary"]
    assert len(run.models) == 1


def test_only_every_nth_batch_is_logged_if_asked(tracking: Tracking):
    autolog.autolog(log_models=False, log_every_n_steps=2)
    model = tiny()
    with autolog.training(model):
        for _ in range(5):
            model.train_on_batch(X[:8], Y[:8], return_dict=True)
    run = tracking.run()
    assert (run.steps("loss"), run.models) == ([0, 2, 4], [])


@pytest.mark.parametrize(("error", "status"), [(ValueError("broken"), "FAILED"), (KeyboardInterrupt(), "KILLED")])
def test_a_loop_that_breaks_off_leaves_a_run_that_says_so(tracking: Tracking, error: BaseException, status: str):
    def loop() -> None:
        with autolog.training(tiny()) as training:
            training.log({"loss": 1.0})
            raise error

    with pytest.raises(type(error)) as caught:
        loop()
    assert caught.value is error
    run = tracking.run()
    assert (run.status, run.models, run.steps("loss")) == (status, [], [0])


def test_the_active_run_is_used_and_left_open(tracking: Tracking):
    with mlflow.start_run() as active:
        with autolog.training() as training:
            training.log({"loss": 1.0})
        assert tracking.run().status == "RUNNING"
    run = tracking.run()
    assert (run.run_id, run.steps("loss")) == (active.info.run_id, [0])


def test_batches_of_another_model_are_not_this_loops(tracking: Tracking):
    model, other = tiny(), tiny()
    with autolog.training(model):
        other.train_on_batch(X[:8], Y[:8])
        model.train_on_batch(X[:8], Y[:8])
    assert tracking.run().steps("loss") == [0]


def test_loops_that_overlap_share_one_patch_and_the_very_function_is_put_back(tracking: Tracking):
    before, model, other = keras.Model.train_on_batch, tiny(), tiny()
    first, inner, later = autolog.training(model), autolog.training(model), autolog.training(other)
    first.__enter__()
    inner.__enter__()
    model.train_on_batch(X[:8], Y[:8])
    first.__exit__(None, None, None)
    later.__enter__()
    assert keras.Model.train_on_batch.__wrapped__ is before
    inner.__exit__(None, None, None)
    other.train_on_batch(X[:8], Y[:8])
    model.train_on_batch(X[:8], Y[:8])
    later.__exit__(None, None, None)
    assert keras.Model.train_on_batch is before
    assert [run.steps("loss") for run in tracking.runs()] == [[0], [0]]


def test_what_changes_in_place_or_is_given_away_is_logged_as_it_was(tracking: Tracking):
    step = jax.jit(lambda number: number + 1, donate_argnums=0)
    array, variable, own, donated = np.zeros(()), tf.Variable(0.0), keras.Variable(0.0), jnp.zeros(())
    with autolog.training() as training:
        for _ in range(3):
            training.log({"array": array, "variable": variable, "own": own, "donated": donated, "plain": float(array)})
            array += 1
            variable.assign_add(1.0)
            own.assign(own + 1)
            donated = step(donated)
    run = tracking.run()
    for key in ("array", "variable", "own", "donated", "plain"):
        assert run.metrics[key] == [(0, 0.0), (1, 1.0), (2, 2.0)], key


def test_a_loss_of_torch_is_kept_as_it_was_and_without_its_graph():
    torch = pytest.importorskip("torch")
    loss = torch.zeros((), requires_grad=True) * 2
    kept = values.snapshot(loss)
    with torch.no_grad():
        loss += 1
    assert (float(kept), kept.grad_fn) == (0.0, None)


def test_an_optimizer_of_another_library_is_told_as_far_as_it_is_known(tracking: Tracking):
    class Foreign:
        param_groups = ({"lr": 0.1},)

    autolog.autolog(log_models=False)
    with autolog.training(tiny(), Foreign()) as training:
        training.log({"loss": 1.0})
    run = tracking.run()
    assert (run.params["optimizer_name"], run.params["learning_rate"]) == ("Foreign", "0.1")
    assert (run.params["num_params"], run.tags["autolog.framework"]) == ("21", "keras")


def test_what_train_on_batch_returns_and_is_stays_the_same(tracking: Tracking):
    before = keras.Model.train_on_batch
    with autolog.training(tiny()) as training:
        assert isinstance(training, autolog.Training)
        result: Any = tiny().train_on_batch(X[:8], Y[:8])
        assert len(result) == 2
    assert keras.Model.train_on_batch is before


def test_a_fit_inside_a_loop_is_the_loops_business(tracking: Tracking):
    autolog.autolog(log_models=False)
    model = tiny()
    with autolog.training(model) as training:
        fit(model)
        training.log({"rounds": 1})
    run = tracking.run()
    assert set(run.metrics) == {"rounds", "training_seconds"}
    fit(model)
    assert len(tracking.runs()) == 2

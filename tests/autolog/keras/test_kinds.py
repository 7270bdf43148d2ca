"""Kinds of models and data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import mlflow
import numpy as np
import pytest
import tensorflow as tf

import autolog
from autolog.keras import data
from tests.autolog.keras.models import ROWS, X, Y, fit, tiny
from tests.autolog.stage import Seen, Tracking


@keras.saving.register_keras_serializable("tests")
class Subclassed(keras.Model):
    """Is built when it is first called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.first = keras.layers.Dense(4)
        self.second = keras.layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.second(self.first(inputs))


def signature_of(run: Seen) -> tuple[list[Any], list[Any]]:
    signature = mlflow.models.get_model_info(f"runs:/{run.run_id}/model").signature

    def tensors(schema: Any) -> list[Any]:
        return [(each.name, each.type.name, each.shape) for each in schema.inputs]

    return tensors(signature.inputs), tensors(signature.outputs)


@pytest.mark.parametrize(
    "build", [Subclassed, lambda: keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(1)])]
)
def test_a_model_that_is_built_by_fit_is_described_all_the_same(tracking: Tracking, build: Any):
    autolog.autolog()
    model = build()
    model.compile("sgd", "mse", jit_compile=False)
    fit(model)
    run = tracking.run()
    assert (run.params["num_layers"], run.params["num_params"]) == ("2", "21")
    assert "dense" in run.tags["model_summary"]
    assert signature_of(run) == ([(None, "float32", (-1, 3))], [(None, "float32", (-1, 1))])
    loaded = mlflow.keras.load_model(f"runs:/{run.run_id}/model")
    np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)


def test_several_inputs_and_outputs(tracking: Tracking):
    autolog.autolog()
    left, right = keras.Input((3,), name="left"), keras.Input((2,), name="right")
    hidden = keras.layers.Concatenate()([left, right])
    outputs = [keras.layers.Dense(1, name="yes")(hidden), keras.layers.Dense(2, name="how")(hidden)]
    model = keras.Model([left, right], outputs)
    model.compile("sgd", {"yes": "mse", "how": keras.losses.Huber()}, metrics={"yes": ["mae"]}, jit_compile=False)
    data = {"left": X, "right": np.ones((ROWS, 2), "float32")}
    model.fit(data, {"yes": Y, "how": np.ones((ROWS, 2))}, batch_size=10, verbose=0)
    run = tracking.run()
    assert {"loss", "yes_loss", "how_loss", "yes_mae"} <= set(run.metrics)
    assert run.params["loss"] == "yes: mse, how: Huber"
    inputs, outputs = signature_of(run)
    assert inputs == [("left", "float32", (-1, 3)), ("right", "float32", (-1, 2))]
    assert outputs == [("yes", "float32", (-1, 1)), ("how", "float32", (-1, 2))]
    assert run.params["batch_size"] == "10"


def test_a_dataset_tells_its_batch_size_and_shapes(tracking: Tracking):
    autolog.autolog()
    dataset = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8).repeat().prefetch(2)
    tiny().fit(dataset, epochs=2, steps_per_epoch=5, verbose=0)
    run = tracking.run()
    assert run.params["batch_size"] == "8"
    assert signature_of(run)[0] == [(None, "float32", (-1, 3))]
    assert run.steps("examples_per_second") == [0, 1]


def test_a_dataset_tells_its_batch_size_through_what_leaves_the_batches_as_they_are():
    rows = tf.data.Dataset.from_tensor_slices((X, Y))
    batches = rows.batch(8)
    for same in (
        rows.batch(8, drop_remainder=True),
        batches.cache().shuffle(3).take(4).skip(1),
        batches.map(lambda x, y: (x * 2, y)).with_options(tf.data.Options()),
        rows.padded_batch(8).map(lambda x, y: (x, y), num_parallel_calls=2),
    ):
        assert data.batch_size(same, None) == 8
    mixed = batches.concatenate(rows.batch(4))
    assert [data.batch_size(other, None) for other in (mixed, batches.batch(2))] == [None, 2]


def test_a_data_frame_has_the_signature_of_the_models_inputs(tracking: Tracking):
    autolog.autolog()
    pd = pytest.importorskip("pandas")
    tiny().fit(pd.DataFrame(X, columns=list("abc")), pd.Series(Y[:, 0]), verbose=0)
    run = tracking.run()
    assert (run.params["batch_size"], signature_of(run)[0]) == ("32", [(None, "float32", (-1, 3))])


def test_no_batch_of_a_generator_is_lost_to_a_look_at_it(tracking: Tracking):
    def batches() -> Iterator[Any]:
        """As many as are trained with, and not one more."""
        for _ in range(6):
            yield X[:8], Y[:8]

    autolog.autolog()
    model = tiny()
    with pytest.warns(UserWarning, match="shuffle"):
        model.fit(batches(), steps_per_epoch=3, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 6
    run = tracking.run()
    assert (run.params["batch_size"], run.params["steps_per_epoch"]) == ("None", "3")
    assert run.steps("loss") == [0, 1]
    assert signature_of(run)[0] == [(None, "float32", (-1, 3))]


def test_a_py_dataset(tracking: Tracking):
    class Parts(keras.utils.PyDataset):
        batch_size = 10
        shape = 5  # which is none

        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Any:
            return X[index * 10 : index * 10 + 10], Y[index * 10 : index * 10 + 10]

    autolog.autolog(log_models=False, log_every_n_steps=2)
    tiny().fit(Parts(), epochs=2, verbose=0)
    run = tracking.run()
    assert (run.params["batch_size"], run.steps("step_loss"), run.steps("loss")) == ("10", [0, 2, 4, 6], [0, 1])
    assert run.status == "FINISHED"


def test_mixed_precision_tells_of_the_optimizer_inside(tracking: Tracking):
    autolog.autolog()
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, dtype="float32")])
        model.compile(keras.optimizers.Adam(0.002), "mse", jit_compile=False)
        assert type(model.optimizer).__name__ == "LossScaleOptimizer"
        fit(model)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    run = tracking.run()
    assert (run.params["optimizer_name"], run.params["learning_rate"]) == ("Adam", "0.002")
    assert run.params["opt_wrapper"] == "LossScaleOptimizer"
    assert run.values("learning_rate") == [pytest.approx(0.002)] * 2
    assert run.status == "FINISHED"


def test_a_model_with_a_training_step_of_its_own(tracking: Tracking):
    class Own(keras.Sequential):
        def train_step(self, data: Any) -> Any:
            return {**super().train_step(data), "constant": tf.constant(3.0)}

    autolog.autolog(log_models=False)
    model = Own([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    fit(model)
    assert tracking.run().metrics["constant"] == [(0, 3.0), (1, 3.0)]

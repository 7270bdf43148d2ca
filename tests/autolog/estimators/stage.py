"""Estimators to train, small enough for a second or two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

BATCH = 8


def rows(count: int = 64, batch: int = BATCH) -> Callable[[], Any]:
    """An input_fn: a straight line, over and over."""

    def input_fn() -> Any:
        xs = tf.cast(tf.range(count), tf.float32) / count
        return tf.data.Dataset.from_tensor_slices(({"x": xs}, 2.0 * xs + 1.0)).repeat().batch(batch)

    return input_fn


def once(count: int = 16) -> Callable[[], Any]:
    """An input_fn that comes to an end, for an evaluation."""
    return lambda: rows(count)().take(count // BATCH)


def line(features: Any, labels: Any, mode: Any, params: Any) -> Any:
    """A model_fn: one weight, one bias; it summarises its weight."""
    weight = tf.compat.v1.get_variable("weight", [], initializer=tf.compat.v1.zeros_initializer())
    bias = tf.compat.v1.get_variable("bias", [], initializer=tf.compat.v1.zeros_initializer())
    predicted = features["x"] * weight + bias
    if mode == tf.estimator.ModeKeys.PREDICT:
        return tf.estimator.EstimatorSpec(mode, predictions={"y": predicted})
    loss = tf.reduce_mean(tf.square(predicted - labels))
    tf.compat.v1.summary.scalar("slope", weight)
    optimizer = tf.compat.v1.train.AdamOptimizer(params["learning_rate"])
    train = optimizer.minimize(loss, global_step=tf.compat.v1.train.get_global_step())
    error = tf.compat.v1.metrics.mean_absolute_error(labels, predicted)
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train, eval_metric_ops={"error": error})


def estimator(folder: Path, *, model_fn: Any = line, **config: Any) -> Any:
    return tf.estimator.Estimator(
        model_fn,
        str(folder / "model"),
        tf.estimator.RunConfig(**{"save_summary_steps": 5, "tf_random_seed": 1, **config}),
        params={"learning_rate": 0.05, "hidden": [4, 2]},
    )

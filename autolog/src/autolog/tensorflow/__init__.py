"""Logging of TensorFlow: tf.keras, Estimators, and loops that write tf.summary.scalar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autolog import keras
from autolog.integration import Integration
from autolog.options import Options
from autolog.patching import Patches


def _install_summaries(module: Any, patches: Patches) -> None:
    from autolog.tensorflow import summaries

    for summary in (module.summary, module.compat.v2.summary):
        summaries.install(summary, patches, integration)


def _install_more_summaries(module: Any, patches: Patches) -> None:
    from autolog.tensorflow import summaries

    summaries.install(module, patches, integration)


def _install_runs(module: Any, patches: Patches) -> None:
    from autolog.tensorflow import summaries

    summaries.install_runs(module, patches)


def _install_estimators(module: Any, patches: Patches) -> None:
    from autolog.tensorflow import estimators

    estimators.install(module, patches, integration)


def _install_executor(module: Any, patches: Patches) -> None:
    from autolog.tensorflow import estimators

    estimators.install_executor(module, patches, integration)


# `import tensorflow.summary`, as Keras has it, makes another module of what `tf.summary` is, and puts it in its place.
# Estimators are a package of their own, which TensorFlow imports when somebody asks for them. `train_and_evaluate` is
# watched where it is carried out, so that it is seen by whatever name a program has imported it.
integration = Integration(
    {
        "tensorflow": _install_summaries,
        "tensorflow.summary": _install_more_summaries,
        "mlflow": _install_runs,
        "tensorflow_estimator.python.estimator.estimator": _install_estimators,
        "tensorflow_estimator.python.estimator.training": _install_executor,
    }
)


class _Keras:
    """What this module has turned on of `autolog.keras`, so that it turns off that and nothing else."""

    options: Options | None = None


def autolog(
    *,
    log_every_epoch: bool = True,
    log_every_n_steps: int | None = None,
    log_models: bool = True,
    checkpoint: bool = False,
    checkpoint_monitor: str = "val_loss",
    checkpoint_mode: str = "min",
    disable: bool = False,
    exclusive: bool = False,
    nested: bool = False,
    silent: bool = False,
    run_name: str | None = None,
    extra_tags: Mapping[str, str] | None = None,
) -> None:
    """Log tf.keras, Estimators and tf.summary.scalar from now on, whether TensorFlow is imported already or later.

    Training with tf.keras is logged as by `autolog.keras.autolog`, with these options. Every scalar that a program
    writes is logged at its step, to the active run, else to one for the whole program, whatever
    `log_every_n_steps` says; what Keras's own TensorBoard callback writes is not, since Keras's training is logged
    already.

    Args:
        log_every_epoch: log the metrics of each epoch, at the epoch's number, counted from 0.
        log_every_n_steps: also log Keras's training metrics at every n-th step; and the loss of an Estimator at every
            n-th step instead of as often as it writes summaries.
        log_models: log the trained model; of an Estimator, what it exports by `export_saved_model`.
        checkpoint: save the best and the last Keras model while training.
        checkpoint_monitor: the metric that says which epoch is best; `loss` where there is none by this name.
        checkpoint_mode: `min` or `max`: which value of it is best.
        disable: turn this off instead, and put TensorFlow's own functions back. Keras's, too, unless it was turned on
            by `autolog.keras.autolog` or `autolog.autolog`: what was asked for by another call, stays.
        exclusive: do not log to a run that you started yourself.
        nested: while a run of yours is active, give each fit or train a child run of its own.
        silent: no warnings and no line at the end.
        run_name: the name of each run that is made.
        extra_tags: tags for each run that is logged to.

    Raises:
        ValueError: an option has a value it cannot have.
    """
    if disable:
        _close()
        integration.disable()
        if _Keras.options is not None and keras.integration.options is _Keras.options:
            keras.autolog(disable=True)
        _Keras.options = None
        return
    options = Options(
        log_every_epoch=log_every_epoch,
        log_every_n_steps=log_every_n_steps,
        log_models=log_models,
        checkpoint=checkpoint,
        checkpoint_monitor=checkpoint_monitor,
        checkpoint_mode=checkpoint_mode,
        exclusive=exclusive,
        nested=nested,
        silent=silent,
        run_name=run_name,
        extra_tags=extra_tags if extra_tags is not None else {},
    )
    ours = keras.integration.options is None or keras.integration.options is _Keras.options
    keras.integration.enable(options)
    _Keras.options = options if ours else None
    integration.enable(options)


def _close() -> None:
    """End the run that was made for tf.summary.scalar, if one was."""
    import sys

    summaries = sys.modules.get("autolog.tensorflow.summaries")
    if summaries is not None:
        summaries.stop()

"""Logging of Keras: Keras 3 on any backend, tf-keras, and the Keras 2 of older TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autolog.integration import Integration
from autolog.options import Options
from autolog.patching import Patches


def _install(module: Any, patches: Patches) -> None:
    from autolog.keras import observe

    patches.put(module.Model, "fit", lambda *call: observe.fit(module, integration.options, *call))
    patches.put(module.Model, "evaluate", lambda *call: observe.evaluate(module, integration.options, *call))


integration = Integration({"keras": _install, "tf_keras": _install})


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
    """Log every `model.fit` from now on, whether Keras is imported already or later.

    Args:
        log_every_epoch: log the metrics of each epoch, at the epoch's number, counted from 0.
        log_every_n_steps: also log the training metrics at every n-th step, as `step_loss` and so on, at the step's
            number, counted from 0. None: only at epochs.
        log_models: log the trained model.
        checkpoint: save the best and the last model while training, as `checkpoints/best.keras` and `last.keras`.
        checkpoint_monitor: the metric that says which epoch is best; `loss` where there is none by this name.
        checkpoint_mode: `min` or `max`: which value of it is best.
        disable: turn this off instead, and put Keras's own functions back.
        exclusive: do not log to a run that you started yourself.
        nested: while a run of yours is active, give each fit a child run of its own.
        silent: no warnings and no line at the end.
        run_name: the name of each run that is made.
        extra_tags: tags for each run that is logged to.

    Raises:
        ValueError: an option has a value it cannot have.
    """
    if disable:
        integration.disable()
        return
    integration.enable(
        Options(
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
    )

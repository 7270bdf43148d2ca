"""The callback that tells a Watch how the training goes, for whichever Keras it is."""

from __future__ import annotations

import copy
import functools
import sys
from collections.abc import Mapping
from typing import Any

from autolog.keras.watch import Watch


@functools.cache
def _classes(module: Any) -> tuple[type, type]:
    """The callback for epochs, and the one for steps as well.

    There are two because Keras looks at which methods a callback has: one without batch methods costs nothing a step.
    """

    class AutologCallback(module.callbacks.Callback):  # type: ignore[misc]
        def __init__(self, watch: Watch) -> None:
            super().__init__()
            # Keras 2: give us tensors as they are, and do not convert them for our sake.
            self._supports_tf_logs = True
            self._watch = watch

        def on_train_begin(self, logs: Any = None) -> None:
            self._watch.train_begin((self.params or {}).get("steps"))

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self._watch.epoch_begin(epoch)

        def on_test_begin(self, logs: Any = None) -> None:
            self._watch.validation_begin()

        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            self._watch.epoch_end(epoch, logs or {})

    class AutologStepCallback(AutologCallback):
        async_safe = True
        """Keras 3: a callback for batches without this makes it wait for every step's values."""

        def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
            self._watch.batch_end(batch, logs or {})

    return AutologCallback, AutologStepCallback


@functools.cache
def _test_class(module: Any) -> type:
    class AutologTestCallback(module.callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self._supports_tf_logs = True
            self.results: Mapping[str, Any] = {}

        def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
            self.results = dict(logs or {})

    return AutologTestCallback


@functools.cache
def _first_class(module: Any) -> type:
    class AutologFirstCallback(module.callbacks.Callback):  # type: ignore[misc]
        """Is told of an epoch's end before the caller's callbacks are: one of them may break the training off."""

        def __init__(self, watch: Watch) -> None:
            super().__init__()
            self._supports_tf_logs = True
            self._watch = watch

        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            self._watch.epoch_ends(epoch, logs or {})

    return AutologFirstCallback


def training_callbacks(module: Any, watch: Watch, *, steps: bool) -> tuple[Any, Any]:
    """The one that goes behind the caller's, so that it sees what they add to the logs, and the one before them."""
    return _classes(module)[1 if steps else 0](watch), _first_class(module)(watch)


def test_callback(module: Any) -> Any:
    """One whose `results` are what evaluate found, by name."""
    return _test_class(module)()


def with_ours(module: Any, callbacks: Any, model: Any, last: Any, first: Any = None) -> Any:
    """`callbacks` as a caller gave them (none, one, a list, a tuple, a dict, a CallbackList), ours behind and before.

    The caller's object is not changed.
    """
    before = () if first is None else (first,)
    if isinstance(callbacks, module.callbacks.CallbackList):
        for ours in (*before, last):
            ours.set_params(getattr(callbacks, "params", None))
            ours.set_model(model)
        extended = copy.copy(callbacks)
        extended.callbacks = [*before, *callbacks.callbacks, last]
        if hasattr(extended, "_should_call_train_batch_hooks") and last._implements_train_batch_hooks():  # noqa: SLF001
            extended._should_call_train_batch_hooks = True  # noqa: SLF001
        return extended
    if callbacks is None:
        return [*before, last]
    if isinstance(callbacks, tuple):
        return (*before, *callbacks, last)
    if isinstance(callbacks, list):
        return [*before, *callbacks, last]
    return [*before, *_as_keras_does(module, callbacks), last]


def _as_keras_does(module: Any, callbacks: Any) -> list[Any]:
    """Flat, in the order in which Keras calls what is in a dict, which is not that of the dict."""
    tree = getattr(module, "tree", None) or getattr(sys.modules.get("tensorflow"), "nest", None)
    return flat(callbacks) if tree is None else list(tree.flatten(callbacks))


def flat(callbacks: Any) -> list[Any]:
    """The callbacks themselves, out of whatever holds them."""
    if callbacks is None:
        return []
    if hasattr(callbacks, "callbacks") and isinstance(callbacks.callbacks, list):
        callbacks = callbacks.callbacks
    if isinstance(callbacks, Mapping):
        callbacks = list(callbacks.values())
    if isinstance(callbacks, (list, tuple)):
        return [each for part in callbacks for each in flat(part)]
    return [callbacks]

"""Puts an observer around a function of a framework, and takes it off again."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

_lock = threading.RLock()


class Observation:
    """One observed call, and the arguments that are given to the original. Its methods must not raise."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs

    def finished(self, result: Any) -> None:
        """The original has returned."""

    def failed(self, error: BaseException) -> None:
        """The original has raised."""


Observer = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Observation | None]
"""Given the original and the call's arguments, what watches this call; None lets it pass unobserved. Must not raise."""


def bound(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> inspect.BoundArguments | None:
    """The call's arguments by name; None if the original is about to refuse them."""
    try:
        return inspect.signature(original).bind(*args, **kwargs)
    except TypeError:
        return None


class Patch:
    """An observed attribute of a class or module: `owner.name`.

    The original is called exactly once a call, with the observation's arguments; what it returns or raises goes to the
    caller untouched. `remove` puts the very object back that was there, or takes the attribute away where it had been
    inherited.
    """

    def __init__(self, owner: Any, name: str, observer: Observer) -> None:
        self.owner = owner
        self.name = name
        self._own = name in vars(owner)
        self.original: Any = inspect.getattr_static(owner, name)
        self._active = True
        self._wrapper = self._wrap(observer)
        setattr(owner, name, self._wrapper)

    def _wrap(self, observer: Observer) -> Any:
        original = self.original

        @functools.wraps(original)
        def observed(*args: Any, **kwargs: Any) -> Any:
            # Somebody may have kept hold of this function beyond `remove`, such as another patch on top.
            observation = observer(original, args, kwargs) if self._active else None
            if observation is None:
                return original(*args, **kwargs)
            try:
                result = original(*observation.args, **observation.kwargs)
            except BaseException as error:
                observation.failed(error)
                raise
            observation.finished(result)
            return result

        return observed

    def remove(self) -> None:
        self._active = False
        if vars(self.owner).get(self.name) is not self._wrapper:
            return  # another patch lies on top; ours lets every call pass from now on
        if self._own:
            setattr(self.owner, self.name, self.original)
        else:
            delattr(self.owner, self.name)


class Patches:
    """The patches of one integration: put on once however often asked for, and taken off together."""

    def __init__(self) -> None:
        self._patches: dict[tuple[int, str], Patch] = {}

    def put(self, owner: Any, name: str, observer: Observer) -> None:
        """Observe `owner.name`, where it exists; of a class, where it is defined, so that subclasses follow."""
        with _lock:
            if inspect.isclass(owner):
                owner = next((each for each in owner.__mro__ if name in vars(each)), None)
            if owner is None or not hasattr(owner, name) or (id(owner), name) in self._patches:
                return
            self._patches[id(owner), name] = Patch(owner, name, observer)

    def remove(self) -> None:
        with _lock:
            while self._patches:
                self._patches.popitem()[1].remove()

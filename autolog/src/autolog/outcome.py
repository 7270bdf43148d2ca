"""How the library fails: never in the training's way, and told once."""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import re
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from autolog.options import Options
from autolog.uris import scrubbed

P = ParamSpec("P")
T = TypeVar("T")

_PACKAGES = "autolog|keras|tf_keras|tensorflow|tensorflow_estimator"
_NOT_THE_PROGRAM = re.compile(rf"site-packages[/\\]({_PACKAGES})[/\\]|src[/\\]autolog[/\\]|contextlib\.py$")
_LINE_LENGTH = 300
_log = logging.getLogger("autolog")
_told: set[str] = set()
in_force: dict[int, Options] = {}
"""The options of each integration that is on, by its `id`."""


class AutologWarning(UserWarning):
    """Something could not be logged; the training itself is not affected."""


def tell(message: str, *, about: str | None = None, silent: bool = False) -> None:
    """Warn of `message`, once in a process, unless `silent`. Never raises, even where warnings are errors.

    Args:
        message: for people, in whole sentences.
        about: what counts as having been told, where the words differ from time to time; if None, the message.
        silent: write it to the log alone, at debug level.
    """
    if (about or message) in _told:
        return
    _told.add(about or message)
    if silent:
        _log.debug(message)
        return
    try:
        warnings.warn(message, AutologWarning, stacklevel=_callers_level())
    except AutologWarning:
        # The program turns warnings into exceptions. This one must not end its training.
        _log.warning(message)


def _callers_level() -> int:
    """How far up the stack the program is that calls a framework that calls us: it is its line that is shown."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and _NOT_THE_PROGRAM.search(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    return level if frame is not None else 2


def reason(error: BaseException) -> str:
    """The first line of what went wrong, with its kind, short enough for a warning, and without a password."""
    first = scrubbed(str(error)).strip().splitlines()[:1]
    if not first:
        return type(error).__name__
    line = first[0] if len(first[0]) <= _LINE_LENGTH else f"{first[0][: _LINE_LENGTH - 1]}…"
    return f"{type(error).__name__}: {line}"


def harmless(what: str) -> Callable[[Callable[P, T]], Callable[P, T | None]]:
    """A decorator: an exception becomes an AutologWarning that `what` could not be done, and None is returned."""

    def decorate(function: Callable[P, T]) -> Callable[P, T | None]:
        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> T | None:
            try:
                return function(*args, **kwargs)
            except Exception as error:
                _log.debug("could not %s", what, exc_info=True)
                with contextlib.suppress(Exception):
                    tell(
                        f"autolog could not {what} ({reason(error)}). Training goes on.",
                        about=f"could not {what}: {type(error).__name__}",  # its words may be others each time
                        silent=_silent((*args, *kwargs.values())),
                    )
                return None

        return guarded

    return decorate


def _silent(given: tuple[object, ...]) -> bool:
    """Whether a function was to be silent, by the options among what it was given, or of an object there.

    Where there are none, all that is on must be silent.
    """
    for each in given:
        with contextlib.suppress(Exception):  # some are the user's, or a framework
            options = each if isinstance(each, Options) else getattr(each, "options", None)
            if isinstance(options, Options):
                return options.silent
    return bool(in_force) and all(options.silent for options in in_force.values())


def forget() -> None:
    """Tell again what was told before: for a fresh start of logging, and for tests."""
    _told.clear()

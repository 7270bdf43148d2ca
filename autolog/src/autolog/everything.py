"""All integrations at once."""

from __future__ import annotations

from typing import Any

from autolog import keras, tensorflow


def autolog(*, disable: bool = False, **options: Any) -> None:
    """Log every training of every framework that this library knows, imported now or later.

    Args:
        disable: turn logging off instead.
        options: as for `autolog.keras.autolog`.

    Raises:
        TypeError: there is no such option.
        ValueError: an option has a value it cannot have.
    """
    keras.autolog(disable=disable, **options)
    tensorflow.autolog(disable=disable, **options)


def disable() -> None:
    """Turn all logging off, and put the frameworks' own functions back."""
    keras.autolog(disable=True)
    tensorflow.autolog(disable=True)

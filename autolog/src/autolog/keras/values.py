"""Numbers out of what a training gives, as they are now: some of them change in place, or are gone in the next step."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

LONGEST_VECTOR = 100
"""A metric with a value for each class is logged as one metric each, up to so many."""


def scalars(logs: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each number by name; a short vector as one number each. Numbers are not taken off their device here."""
    for key, value in logs.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}_{name}", each) for name, each in scalars(value))
            continue
        shape: Any = getattr(value, "shape", ())
        if len(shape) == 1 and shape[0] is not None and shape[0] <= LONGEST_VECTOR:
            yield from ((f"{key}_{index}", value[index]) for index in range(int(shape[0])))
        elif len(shape) == 0:
            yield key, value


def snapshot(value: object) -> Any:
    """`value` as it is now, for who reads it later. Nothing is taken off its device, and most values stay themselves.

    A variable and an array change in place; a tensor of Torch does, too, and would keep its whole graph in memory; one
    of JAX may have been donated to the next step.
    """
    kind = type(value)
    if kind not in _ways:
        _ways[kind] = _way(kind)
    way = _ways[kind]
    return value if way is None else way(value)


_ways: dict[type, Callable[[Any], Any] | None] = {}
"""Type -> how a value of it is kept: looked up once, since this is done in a step."""


def _way(kind: type) -> Callable[[Any], Any] | None:
    """None if a value of this type cannot change."""
    if hasattr(kind, "read_value"):  # of TensorFlow
        return _read
    numpy, keras, torch, jax = (sys.modules.get(name) for name in ("numpy", "keras", "torch", "jax"))
    if issubclass(kind, getattr(numpy, "ndarray", ())):
        return _copied
    if issubclass(kind, getattr(keras, "Variable", ())):
        return _of_keras
    if issubclass(kind, getattr(torch, "Tensor", ())):
        return _detached
    if kind.__module__.startswith("jaxlib") and issubclass(kind, getattr(jax, "Array", ())):
        return _copied_where_it_is
    return None


def _read(variable: Any) -> Any:
    return variable.read_value()


def _copied(array: Any) -> Any:
    return array.copy()


def _of_keras(variable: Any) -> Any:
    return snapshot(variable.value)


def _detached(tensor: Any) -> Any:
    return tensor.detach().clone()


def _copied_where_it_is(array: Any) -> Any:
    # A part of it may be another process's, which would have to copy as well.
    return _jax_copy()(array) if array.is_fully_addressable else array


@functools.cache
def _jax_copy() -> Callable[[Any], Any]:
    """A fifth of what `array.copy()` costs."""
    import jax

    copy: Callable[[Any], Any] = jax.jit(lambda array: array.copy())
    return copy

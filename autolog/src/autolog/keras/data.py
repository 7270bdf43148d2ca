"""What can be said of training data without touching them."""

from __future__ import annotations

import functools
import logging
import operator
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

_log = logging.getLogger("autolog")

DEFAULT_BATCH_SIZE = 32
"""Keras's own, for arrays: https://keras.io/api/models/model_training_apis/#fit-method"""


_SAME_BATCHES = frozenset({"Prefetch", "Repeat", "Cache", "Options", "Map", "ParallelMap", "Take", "Skip", "Shuffle"})
"""Datasets of TensorFlow's whose batches are those of the dataset they come from."""

P = ParamSpec("P")
T = TypeVar("T")


def _if_it_tells(function: Callable[P, T]) -> Callable[P, T | None]:
    """A decorator: None where data are odd enough to raise when they are asked. Keras may take them all the same."""

    @functools.wraps(function)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return function(*args, **kwargs)
        except Exception:
            _log.debug("could not ask the data", exc_info=True)
            return None

    return asked


@_if_it_tells
def batch_size(x: Any, given: Any) -> int | None:
    """Of arrays, a tf.data.Dataset, a PyDataset or a DataLoader; None where only consuming `x` would tell."""
    if given is not None:
        return operator.index(given)
    if rows(x) is not None:
        return DEFAULT_BATCH_SIZE
    size = _batch_size_of_dataset(x)
    if size is not None:
        return size
    spec = _element_spec(x)
    if spec is not None:
        for leaf in leaves(spec):
            shape = getattr(leaf, "shape", None)
            if shape is not None and shape.rank and shape[0] is not None:
                return int(shape[0])
    for name in ("batch_size", "_batch_size"):
        size = getattr(x, name, None)
        if size is not None:
            try:
                return int(size)
            except (TypeError, ValueError):
                continue
    return None


def _batch_size_of_dataset(x: Any) -> int | None:
    """From a `.prefetch()` or `.repeat()` back to the tf.data.Dataset that makes the batches."""
    while _element_spec(x) is not None:
        number = getattr(x, "_batch_size", None)
        if number is not None:  # a tensor, and perhaps one of a graph
            size = sys.modules["tensorflow"].get_static_value(number)
            return None if size is None else int(size)
        if type(x).__name__.strip("_").removesuffix("Dataset") not in _SAME_BATCHES:
            break
        x = getattr(x, "_input_dataset", None)
    return None


@_if_it_tells
def rows(x: Any) -> int | None:
    """How many examples arrays hold; None if `x` is something else."""
    first = next(iter(leaves(x)), None)
    shape = getattr(first, "shape", None)
    if shape is None or _element_spec(x) is not None or not len(shape):
        return None
    return int(shape[0]) if shape[0] is not None else None


def examples_each_epoch(x: Any, arguments: dict[str, Any], size: int | None, steps: int | None) -> int | None:
    """How many examples an epoch of `steps` steps sees; None if it cannot be known."""
    count = rows(x)
    if count is not None and not arguments.get("steps_per_epoch"):
        split = arguments.get("validation_split") or 0.0
        return int(count * (1.0 - split)) if arguments.get("validation_data") is None else count
    return steps * size if steps and size else None


@dataclass(frozen=True)
class Spec:
    """What a tensor is like: its shape without the batch, the name of its dtype."""

    shape: tuple[int | None, ...]
    dtype: str

    @classmethod
    def of(cls, tensor: Any) -> Spec:
        """Of anything with a shape and a dtype."""
        dtype = tensor.dtype
        name = getattr(dtype, "name", None) or str(dtype).removeprefix("torch.")
        return cls(tuple(tensor.shape)[1:], str(name))


@_if_it_tells
def specs(x: Any) -> Any:
    """The Specs of a model's input, in the structure of `x`; None where `x` would have to be consumed to know."""
    spec = _element_spec(x)
    if spec is not None:
        x = spec[0] if isinstance(spec, tuple) else spec
    elif rows(x) is None:
        return None
    return mapped(Spec.of, x)


def _element_spec(x: Any) -> Any:
    """Of a tf.data.Dataset, also one that a strategy has distributed."""
    return getattr(x, "element_spec", None) if "tensorflow" in sys.modules else None


def leaves(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        return [leaf for each in structure.values() for leaf in leaves(each)]
    if isinstance(structure, (list, tuple)):
        return [leaf for each in structure for leaf in leaves(each)]
    return [structure]


def mapped(function: Any, structure: Any) -> Any:
    if isinstance(structure, dict):
        return {key: mapped(function, each) for key, each in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [mapped(function, each) for each in structure]
    return function(structure)

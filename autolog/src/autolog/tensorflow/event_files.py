"""Reads what TensorFlow has written to event files since the last look."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Any

_HEAD = 12
"""A record: its length in 8 bytes, 4 of checksum, the data, 4 of checksum.

https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details; read here and not by TensorFlow's own
reader because that one starts from the beginning each time.
"""
_TAIL = 4


class EventFile:
    """One file, and how far it has been read."""

    def __init__(self, tf: Any, path: str) -> None:
        self._tf = tf
        self._path = path
        self._offset = 0

    def new(self) -> Iterator[Any]:
        """The events that were added; one that is still being written comes next time."""
        with self._tf.io.gfile.GFile(self._path, "rb") as file:
            file.seek(self._offset)
            data = file.read()
        at = 0
        while at + _HEAD <= len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            end = at + _HEAD + length + _TAIL
            if end > len(data):
                break
            yield self._tf.compat.v1.Event.FromString(data[at + _HEAD : end - _TAIL])
            at = end
            self._offset += _HEAD + length + _TAIL


class EventFolder:
    """The event files in a log directory that this process writes."""

    def __init__(self, tf: Any, logdir: str) -> None:
        self._tf = tf
        self._pattern = os.path.join(logdir, "events.out.tfevents.*")  # noqa: PTH118 - may be gs://
        self._files: dict[str, EventFile] = {}

    def new(self) -> Iterator[Any]:
        """The events that were added to any of them since the last time."""
        for path in sorted(self._tf.io.gfile.glob(self._pattern)):
            # events.out.tfevents.<time>.<host>.<pid>.<number>.v2: another process logs for itself.
            if f".{os.getpid()}." in path:
                yield from self._files.setdefault(path, EventFile(self._tf, path)).new()


def scalars(tf: Any, event: Any) -> Iterator[tuple[str, float]]:
    """Tag and number of each scalar in `event`, in the format of TensorFlow 2 or 1."""
    for value in event.summary.value:
        if value.HasField("simple_value"):
            yield value.tag, value.simple_value
        elif value.HasField("tensor") and not value.tensor.tensor_shape.dim:
            content = tf.make_ndarray(value.tensor)
            if content.dtype.kind in "fiub":
                yield value.tag, float(content)

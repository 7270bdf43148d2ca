"""Records on disk, in order, with a note of how far they have been delivered."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from autolog.delivery.lock import Lock
from autolog.delivery.places import ours, spool_directories, trusted
from autolog.delivery.records import Record

SEGMENT_BYTES = 8_000_000
"""A file of the journal is followed by a new one at this size, so that what is delivered can be deleted."""
MEMORY_BYTES = 64_000_000
"""What is kept in memory where no disk takes it; with it, the journal is full."""
REFUSED = "refused"
"""The folder among the spools where that is kept which a server refuses for good."""


@dataclass(frozen=True, order=True)
class Position:
    """A place between two records: the number of the segment, and the byte in it."""

    segment: int = 0
    offset: int = 0


@dataclass
class State:
    """How far a journal has been delivered, and what the server calls its runs and models."""

    position: Position = field(default_factory=Position)
    runs: dict[str, str] = field(default_factory=dict)
    """Token of a run -> its id on the server."""
    models: dict[str, str] = field(default_factory=dict)
    """Folder of a model -> its id on the server."""
    postponed: list[Record] = field(default_factory=list)
    """Artifacts before the position that could not be delivered."""


class Journal:
    """A folder that belongs to one process at a time.

    `header.json` says whose it is and where it wants to be delivered, `00000000.jsonl` and so on hold the records,
    `files/` what they refer to, `state.json` how far delivery has come, `runs.jsonl` what the server calls the runs;
    `lock` is held by the process that delivers.
    Where the disk takes no more, records go on in memory, and are lost with the process.
    """

    def __init__(self, folder: Path, header: dict[str, Any], state: State, segments: int, lock: Lock | None) -> None:
        self.folder = folder
        self.header = header
        self.state = state
        self.lock = lock
        self.segment_bytes = SEGMENT_BYTES
        self.memory_bytes = MEMORY_BYTES
        self._guard = threading.RLock()
        self._last = segments
        """The number of the segment that is written to."""
        self._size = 0
        """Its bytes."""
        self._open: BinaryIO | None = None
        self._memory: dict[int, bytearray] = {}
        self._runs_saved = len(state.runs)

    @classmethod
    def create(cls, uri: str) -> Journal:
        """A new one, locked, for the server at `uri`; in memory alone where nothing can be written."""
        header = {"format": 1, "uri": uri, "created": time.time(), "pid": os.getpid()}
        name = f"{time.strftime('%Y%m%dT%H%M%S')}-{uuid.uuid4().hex[:12]}"
        places = spool_directories()
        for place in places:
            with contextlib.suppress(OSError):
                return cls(place / name, header, State(), 0, _locked(place / name, header))
        return cls(places[-1] / name, header, State(), 0, None)

    @classmethod
    def adopt(cls, folder: Path) -> Journal | None:
        """The one in `folder`, locked; None if another process or another user has it, or it is none."""
        lock = Lock(folder / "lock")
        if not ours(folder) or _header_of(folder) is None:
            return None
        try:
            if not lock.acquire():
                return None
        except OSError:
            return None
        header = _header_of(folder)  # once more: it may have been delivered and deleted meanwhile
        if header is None:
            lock.release()
            return None
        state = State()
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            kept = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            state = State(Position(*kept["position"]), _runs_of(folder), kept["models"], kept["postponed"])
        numbers = [int(path.stem) for path in folder.glob("*.jsonl") if path.stem.isdigit()]
        return cls(folder, header, state, max(numbers, default=-1) + 1, lock)

    @property
    def end(self) -> Position:
        """Behind the last record."""
        with self._guard:
            return Position(self._last, self._size)

    @property
    def delivered(self) -> bool:
        return not self.state.postponed and next(self.read(), None) is None

    @property
    def durable(self) -> bool:
        """Whether all of it is on disk."""
        return not self._memory

    @property
    def full(self) -> bool:
        """Whether neither disk nor memory should be given more."""
        return self.in_memory >= self.memory_bytes

    @property
    def in_memory(self) -> int:
        """The bytes for which there was no disk."""
        with self._guard:
            return sum(map(len, self._memory.values()))

    def append(self, record: Record) -> None:
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        with self._guard:
            if self._size >= self.segment_bytes:
                self._begin_segment()
            if self._last not in self._memory:
                try:
                    self._write(line)
                except OSError:
                    self._begin_segment()
                    self._memory[self._last] = bytearray()
            if self._last in self._memory:
                self._memory[self._last] += line
            self._size += len(line)

    def _begin_segment(self) -> None:
        self._close()
        self._last, self._size = self._last + 1, 0

    def _write(self, line: bytes) -> None:
        if self.lock is None:
            raise OSError("there is no folder")
        if self._open is None:
            self._open = self._path(self._last).open("ab", buffering=0)
        if self._open.write(line) != len(line):
            raise OSError("no space left")

    def read(self) -> Iterator[tuple[Record, Position]]:
        """What is not delivered yet, as of now: each record, and the place behind it."""
        position, end = self.state.position, self.end
        for number in range(position.segment, end.segment + 1):
            offset = position.offset if number == position.segment else 0
            for line in self._lines(number, offset):
                offset += len(line)
                if Position(number, offset) > end:
                    break  # it is being written
                try:
                    record = json.loads(line)
                except ValueError:  # half of one: the process died, or the disk was full
                    continue
                yield record, Position(number, offset)

    def _lines(self, number: int, offset: int) -> Iterator[bytes]:
        with self._guard:
            memory = self._memory.get(number)
            kept = bytes(memory[offset:]) if memory is not None else None
        if kept is not None:
            yield from kept.splitlines(keepends=True)
            return
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), self._path(number).open("rb") as file:
            file.seek(offset)
            yield from file

    def confirm(self, position: Position) -> None:
        """Everything before `position` is on the server or postponed. Also keeps the rest of `state`."""
        with self._guard:
            before, self.state.position = self.state.position, position
            self.save()
            for number in range(before.segment, position.segment):
                self._memory.pop(number, None)
                with contextlib.suppress(OSError):
                    self._path(number).unlink()

    def save(self) -> None:
        at = self.state.position
        content = {
            "position": [at.segment, at.offset],
            "models": self.state.models,
            "postponed": self.state.postponed,
        }
        with contextlib.suppress(OSError):
            self._save_runs()
            _replace(self.folder / "state.json", content)

    def _save_runs(self) -> None:
        """Append those that are new: a search makes thousands, and any of them may be logged to again."""
        new = list(itertools.islice(self.state.runs.items(), self._runs_saved, None))
        if new:
            # The line's end comes first, so that a line which a full disk has cut off spoils no other.
            text = "".join(f"\n{json.dumps(each)}" for each in new)
            with (self.folder / "runs.jsonl").open("a", encoding="utf-8") as file:
                file.write(text)
            self._runs_saved += len(new)

    def place_for(self, name: str) -> Path:
        """A path that does not exist yet, in a folder of its own, for something that a record will refer to.

        Raises:
            OSError: nothing can be written.
        """
        folder = self.folder / "files" / uuid.uuid4().hex[:12]
        folder.mkdir(parents=True)
        return folder / name

    def set_aside(self, record: Record, why: str) -> None:
        """Keep what the server refuses for good, so that nothing is lost without a trace."""
        with contextlib.suppress(OSError), self._refused.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**record, "refused": why}) + "\n")

    @property
    def _refused(self) -> Path:
        return self.folder / "refused.jsonl"

    def close(self) -> None:
        """Let go of the folder. If all of it is delivered, delete it, or put it with what was refused."""
        with self._guard:
            self._close()
            if self.delivered and self.lock is not None:
                with contextlib.suppress(OSError):
                    self._put_away()
            if self.lock is not None:
                self.lock.release()
                if not (self.folder / "header.json").exists():
                    shutil.rmtree(self.folder, ignore_errors=True)

    def _put_away(self) -> None:
        """Without the header, nobody takes it for a spool any more."""
        if self._refused.exists():
            refused = self.folder.parent / REFUSED
            refused.mkdir(exist_ok=True, mode=0o700)
            if not ours(refused):
                raise PermissionError(f"{refused} belongs to somebody else")
            kept = refused / self.folder.name
            kept.mkdir(exist_ok=True)
            self._refused.replace(kept / "refused.jsonl")
            if (self.folder / "files").exists():
                (self.folder / "files").replace(kept / "files")
        (self.folder / "header.json").unlink()

    def disown(self) -> None:
        """In a forked child: it stays the parent's."""
        self._close()
        if self.lock is not None:
            self.lock.forget()
            self.lock = None

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08}.jsonl"


def _locked(folder: Path, header: dict[str, Any]) -> Lock:
    """Make the folder of a new journal, which only this user can read.

    Raises:
        OSError: it cannot be written to, or cannot be locked.
    """
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not trusted(folder.parent):
        raise PermissionError(f"others can write to {folder.parent}")
    folder.mkdir(mode=0o700)
    lock = Lock(folder / "lock")
    try:
        if not ours(folder):  # some network drives give everything to everybody
            raise PermissionError(f"{folder} cannot be kept from others")
        if not lock.acquire():
            raise BlockingIOError("a new lock is taken")
        _replace(folder / "header.json", header)
    except OSError:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return lock


def _replace(path: Path, content: dict[str, Any]) -> None:
    """Write as a whole or not at all."""
    scratch = path.with_suffix(".new")
    scratch.write_text(json.dumps(content), encoding="utf-8")
    scratch.replace(path)


def folders() -> list[Path]:
    """The folders of all journals of this user, of running programs too, oldest first."""
    found: list[Path] = []
    for place in filter(trusted, spool_directories()):
        with contextlib.suppress(OSError):
            found += [each for each in place.iterdir() if ours(each) and (each / "header.json").exists()]
    return sorted(found, key=lambda folder: folder.name)


def abandoned(uri: str | None = None) -> Iterator[Journal]:
    """The journals that no process holds, oldest first, locked for the caller: those for `uri`, or all."""
    for folder in folders():
        header = _header_of(folder)
        if header is not None and uri in {None, header["uri"]}:
            journal = Journal.adopt(folder)
            if journal is not None:
                yield journal


def _runs_of(folder: Path) -> dict[str, str]:
    runs: dict[str, str] = {}
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / "runs.jsonl").read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(ValueError):  # nothing, or half a line
                token, run_id = json.loads(line)
                runs[token] = run_id
    return runs


def _header_of(folder: Path) -> dict[str, Any] | None:
    try:
        header = json.loads((folder / "header.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return header if isinstance(header, dict) and isinstance(header.get("uri"), str) else None

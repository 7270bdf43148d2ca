"""Spools as processes leave them behind, and what became of them in the store."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autolog.delivery.journal import Journal, folders
from autolog.delivery.records import Batch, Record
from autolog.delivery.sync import Result, sync


def new_token() -> str:
    return uuid.uuid4().hex


def make(token: str, **wanted: Any) -> Record:
    content: dict[str, Any] = {
        "experiment": "0",
        "experiment_name": None,
        "name": "run",
        "tags": {},
        "time": 1_700_000_000_000,
    }
    return {"run": token, "make": content | wanted}


def points(token: str, steps: Iterable[int], key: str = "loss") -> Record:
    return Batch(metrics=[(key, step / 3, 1_700_000_000_000 + step, step) for step in steps]).record(token)


def end(token: str) -> Record:
    return {"run": token, "end": {"status": "FINISHED", "time": 1_700_000_001_000}}


def spool(uri: str, records: Iterable[Record]) -> Path:
    """Left by a process that was killed before it could deliver anything."""
    journal = Journal.create(uri)
    for record in records:
        journal.append(record)
    journal.disown()
    return journal.folder


def synced(uri: str | None = None) -> list[Result]:
    return list(sync(uri))


def waiting() -> int:
    return len(folders())

"""Delivers what earlier processes have left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autolog import uris
from autolog.delivery.journal import REFUSED, Journal, abandoned

_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Result:
    """What became of one spool."""

    folder: Path
    uri: str
    sent: int
    """Metric values, params and tags."""
    refused: int
    trouble: str | None

    @property
    def delivered(self) -> bool:
        return self.trouble is None and not self.refused

    def sentence(self) -> str:
        text = f"{self.folder.name}: {self.sent} values delivered to {self.uri}"
        if self.refused:
            text += f"; {self.refused} things refused by MLflow, kept in {self.folder.parent / REFUSED}"
        return f"{text}; the rest has to wait: {self.trouble}" if self.trouble else text


def sync(tracking_uri: str | None = None, stop: Callable[[], bool] = lambda: False) -> Iterator[Result]:
    """Deliver the spools of processes that are gone: all, or those for `tracking_uri`.

    A spool holds its server's address without credentials; they come from `tracking_uri` or `MLFLOW_TRACKING_URI`, if
    that is the same server, or from wherever else MLflow finds them.
    """
    for journal in abandoned(uris.public(uris.absolute(tracking_uri)) if tracking_uri else None):
        try:
            yield _deliver(journal, tracking_uri, stop)
        finally:
            journal.close()


def deliver_for(uri: str, stop: Callable[[], bool]) -> None:
    """In the background of a run: what was left behind for the same server. What fails stays where it is."""
    for _ in sync(uri, stop):
        if stop():
            break


def _deliver(journal: Journal, tracking_uri: str | None, stop: Callable[[], bool]) -> Result:
    from autolog.delivery.calls import Doubtful, said
    from autolog.delivery.sender import PATIENCE, Sender

    uri = str(journal.header["uri"])
    for candidate in (tracking_uri, os.environ.get("MLFLOW_TRACKING_URI")):
        if candidate and uris.public(uris.absolute(candidate)) == uri:
            uri = uris.absolute(candidate)
            break
    sender: Sender | None = None
    trouble: str | None = None
    for attempt in range(PATIENCE):
        try:
            sender = sender or Sender(journal, uri, resumed=True)
            sender.deliver(stop, artifacts=True)
            trouble = sender.artifact_trouble
            break
        except Doubtful as error:  # it may pass soon, or only by this patience be found out to be for good
            trouble = said(error)
            if attempt + 1 < PATIENCE and not stop():
                time.sleep(_PAUSE_SECONDS)
        except Exception as error:
            trouble = said(error)
            break
    return Result(
        journal.folder,
        uris.public(uri),
        sender.sent if sender else 0,
        sender.set_aside if sender else 0,
        trouble,
    )

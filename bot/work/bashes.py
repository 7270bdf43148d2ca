"""Runs the bashes of a repository, in its lane: takes down what people say, then shows it on GitHub.

The ledger is stored first, and GitHub is brought to where the ledger is. What GitHub refuses holds up neither another
bash nor the commands that were said later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from bot.github.errors import GitHubError, LimitReached, NotFound, Unavailable
from bot.store import bashes, commands, lanes, repositories
from bot.store.times import to_ms
from bot.work.bash_board import Board
from bot.work.bash_talk import Talk

if TYPE_CHECKING:
    from bot.store.bashes import Kept
    from bot.store.database import Database
    from bot.triage.issue import Command
    from bot.work.contexts import Contexts
    from bot.work.pace import Pace
    from bot.work.ports import GitHub

log = structlog.get_logger(__name__)

_MINUTE, _HOUR = 60_000, 3_600_000


class Bashes:
    """Thread-safe; one repository's by one thread at a time, which its lane sees to."""

    def __init__(self, database: Database, github: GitHub, contexts: Contexts, pace: Pace) -> None:
        self._database = database
        self._github = github
        self._contexts = contexts
        self._pace = pace

    def tend(self, repository_id: int) -> None:
        """Whatever is to be done now. Never raises: what cannot be done is come back to."""
        with self._database.read() as connection:
            said = commands.load_of_bash(connection, repository_id)
            alive = bashes.alive(connection, repository_id)
            due = any(kept.next_at is not None and kept.next_at <= self._pace.now() for kept in alive)
            known = repositories.get(connection, repository_id) if said or due else None
        if known is None:
            return
        if known.removed or not known.is_reachable:
            self._put_off(alive)
            return
        try:
            installed = self._github.installation(known.installation_id or 0)
            context = self._contexts.of(known, installed, self._pace.now())
        except Exception as error:  # noqa: BLE001 it must not take the lane with it
            self._log(error)
            self._put_off(alive)
            self._come_back(repository_id)
            return
        talk = Talk(self._database, context, installed, self._pace)
        heard = [self._hear(talk, number, command, alive) for number, command in said]
        if not all(heard):
            self._come_back(repository_id)
        board = Board(self._database, context, installed, self._pace)
        for kept in alive:
            self._show(board, kept)

    def leave(self, repository_id: int) -> None:
        """The service stops: what was said is heard after the next start."""
        with self._database.write() as connection:
            if commands.any_of_bash(connection, repository_id):
                lanes.wake_at(connection, lanes.of_repository(repository_id), self._pace.now())

    def _hear(self, talk: Talk, number: int, command: Command, alive: list[Kept]) -> bool:
        """Whether the command is dealt with; else it waits."""
        try:
            return talk.hear(number, command, alive)
        except (LimitReached, Unavailable) as error:
            log.info("a command of a bash waits", reason=str(error))
            return False
        except Exception as error:  # noqa: BLE001 the others are heard all the same
            self._log(error)
            talk.answer(number, command, "unclear", note=f"failed: {error}")
            return True

    def _show(self, board: Board, kept: Kept) -> None:
        try:
            board.show(kept)
        except LimitReached as error:
            board.put_off(kept, to_ms(error.until))
        except Unavailable as error:
            log.info("a bash waits", reason=str(error))
            board.put_off(kept, self._pace.now() + self._pace.wait(4))
        except Exception as error:  # noqa: BLE001 the others are shown all the same
            self._log(error)
            board.refused(kept, gone=isinstance(error, NotFound) and board.is_gone(kept))

    def _log(self, error: Exception) -> None:
        log.warning("a bash cannot go on", reason=str(error), exc_info=not isinstance(error, GitHubError))

    def _come_back(self, repository_id: int) -> None:
        with self._database.write() as connection:
            lanes.wake_at(connection, lanes.of_repository(repository_id), self._pace.now() + _MINUTE)

    def _put_off(self, alive: list[Kept]) -> None:
        with self._database.write() as connection:
            for kept in alive:
                kept.next_at = self._pace.now() + _HOUR
                bashes.save(connection, kept)

"""Takes down what people say in a bash, and answers by a reaction; begins one where that is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.github.errors import GitHubError
from bot.issuebash.event import Said, apply
from bot.issuebash.rules import RULES
from bot.issuebash.start import begin, read_wish
from bot.reports import bash as texts
from bot.store import bashes, commands, journal, threads
from bot.store.journal import Entry
from bot.triage.issue import Actor
from bot.triage.obey import is_permitted
from bot.triage.plan import React
from bot.work.reading import have_read, is_read
from bot.work.reports import make_of_github

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Literal

    from sqlalchemy import Connection

    from bot.store.bashes import Kept
    from bot.store.database import Database
    from bot.triage.decide import Context
    from bot.triage.issue import Command
    from bot.work.pace import Pace
    from bot.work.ports import Installed

log = structlog.get_logger(__name__)

_TOO_LATE = timedelta(days=1)
"""After which nobody waits for a bash to begin any more."""
_REACTIONS: dict[str, Literal["+1", "-1", "confused", "eyes"]] = {
    "done": "+1",
    "partly": "eyes",
    "reading": "eyes",
    "refused": "-1",
    "unclear": "confused",
}


class Talk:
    """One visit to one repository."""

    def __init__(self, database: Database, context: Context, installed: Installed, pace: Pace) -> None:
        self._database = database
        self._policy = context.policy
        self._repository = context.repository
        self._installed = installed
        self._pace = pace

    def hear(self, number: int, command: Command, alive: list[Kept]) -> bool:
        """Takes down one command, once: the ledger and that it is carried out are stored together. False: it waits."""
        if command.comment_id == 0 and command.name in {"closed", "reopened"}:
            self._seen(number, command, alive)
            return True
        running = next((kept for kept in alive if kept.is_running), None)
        # Commas split arguments, and blanks only where there are none.
        words = tuple(" ".join(command.arguments).replace(",", " ").lower().split())
        starts = command.name == "bash" and words[:1] == ("start",)
        # Of the command line: whoever can write to the database may do so.
        permitted = command.comment_id == 0 or is_permitted(command, Actor(""), self._policy)
        if not self._policy.enabled or self._policy.dry_run:
            with self._database.write() as connection:
                self._note(connection, number, command, "left alone: the policy says so")
        elif not permitted:
            self.answer(number, command, "refused")
        elif starts and running:
            self.answer(number, command, "refused")
            self._tell(number, command, running.issue_number)
        elif starts:
            return self._start(number, command, words[1:], alive)
        elif running is None or number not in {0, running.issue_number}:
            self.answer(number, command, "unclear")
        else:
            running.bash, answer = apply(running.bash, self._said(command, words))
            self.answer(number, command, answer, running)
        return True

    def _said(self, command: Command, words: tuple[str, ...]) -> Said:
        at, position = command.at or self._pace.moment(), int(command.id.rpartition(":")[2])
        return Said(at, command.name, words, command.actor.login, command.comment_id, position)

    def _seen(self, number: int, command: Command, alive: list[Kept]) -> None:
        """An author who closes their own issue need not know of the bash; who closes the tracking issue ends it."""
        actor, at = command.actor, command.at or self._pace.moment()
        with self._database.write() as connection:
            maintainers = threads.load_maintainers(connection, self._repository.id)
            for kept in alive:
                takes_part = actor.login.lower() in maintainers or actor.login in kept.bash.participants
                by = actor.login if takes_part and not actor.is_bot else ""
                ends = number == kept.issue_number and command.name == "closed" and not actor.is_bot
                said = (
                    Said(at, "bash", ("finish",), actor.login)
                    if ends
                    else Said(at, command.name, (), by, number=number)
                )
                kept.bash, answer = apply(kept.bash, said)
                if answer == "done":
                    kept.next_at = self._pace.now()
                    bashes.save(connection, kept)
            commands.finish(connection, [command.id], self._pace.now())

    def _start(self, number: int, command: Command, words: tuple[str, ...], alive: list[Kept]) -> bool:
        settings, sections = self._policy.bash, self._policy.report.sections
        wish = read_wish(words, settings, [rule.id for rule in RULES if getattr(sections, rule.id).enabled])
        at, now = command.at or self._pace.moment(), self._pace.moment()
        if wish is None or now - at > _TOO_LATE:
            self.answer(number, command, "unclear", note="" if wish is None else "too late")
            return True
        if not self._is_read(at):
            if self._have_read():
                self._react(command, "reading")
            return False
        report = make_of_github(
            self._database, self._repository, self._installed, self._policy.report, now, wish.sections
        )
        begun = texts.fitting(begin(report, wish, settings, command.actor.login, now))
        if not begun.items:
            self.answer(number, command, "done", note="nothing was found that is worth a bash")
            self._tell(number, command, None)
            return True
        with self._database.write() as connection:
            kept = bashes.add(connection, self._repository.id, begun, self._pace.now())
            self._note(connection, number, command, "done")
        alive.append(kept)
        self._react(command, "done")
        return True

    def _is_read(self, until: datetime) -> bool:
        with self._database.read() as connection:
            return is_read(connection, self._repository.id, until)

    def _have_read(self) -> bool:
        with self._database.write() as connection:
            return have_read(connection, self._repository.id, self._pace.now())

    def answer(self, number: int, command: Command, answer: str, changed: Kept | None = None, note: str = "") -> None:
        with self._database.write() as connection:
            if changed is not None:
                # Due until it has been shown, should that fail.
                changed.next_at = self._pace.now()
                bashes.save(connection, changed)
            self._note(connection, number, command, f"{answer}: {note}" if note else answer)
        self._react(command, answer)

    def _note(self, connection: Connection, number: int, command: Command, answer: str) -> None:
        by = command.actor.login or "the command line"
        because = f"{by} wrote /{command.name}."
        entry = Entry(self._repository.id, number, "bash", "noted", because=because, note=answer, at=self._pace.now())
        journal.write(connection, [entry])
        commands.finish(connection, [command.id], self._pace.now())

    def _react(self, command: Command, answer: str) -> None:
        """A courtesy: the board says the same, so one that is lost is not sought again."""
        if command.comment_id == 0 or command.actor.is_bot:
            return
        action = React(comment_id=command.comment_id, content=_REACTIONS[answer], because=f"/{command.name}")
        try:
            self._installed.writer.perform(self._repository, 0, action)
        except GitHubError as error:
            log.warning("a reaction was left out", reason=str(error))

    def _tell(self, number: int, command: Command, running: int | None) -> None:
        """Why no bash began, where that was asked for; a courtesy as well. `running`: the one that is under way."""
        if not number or number == running:
            return
        mark = f"<!-- community-triage-bot:bash-told {command.id} -->"
        try:
            self._installed.writer.comment(self._repository, number, f"{mark}\n{texts.none_begun(running)}", mark)
        except GitHubError as error:
            log.warning("a word was left out", reason=str(error))

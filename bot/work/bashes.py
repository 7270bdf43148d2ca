"""Runs the bashes of a repository, in its lane: takes down what people say, then shows it on GitHub.

The ledger is stored first, and GitHub is brought to where the ledger is. Each step looks at what is there already, so
that a crash between any two doubles nothing: the tracking issue, the board and the wrap-up each carry a marker.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.github.errors import GitHubError, LimitReached, NotFound, Unavailable
from bot.issuebash.event import Bash, Said, apply, finish
from bot.issuebash.exempt import is_own
from bot.issuebash.follow_up import followed, next_check
from bot.issuebash.rules import RULES
from bot.issuebash.start import begin, read_wish
from bot.reports import bash as texts
from bot.store import bashes, commands, journal, repositories, threads
from bot.store.journal import Entry
from bot.store.times import from_ms, to_ms
from bot.triage.issue import Actor
from bot.triage.obey import is_permitted
from bot.triage.plan import Close, React
from bot.work.fill import fill
from bot.work.pace import Pace, Pause
from bot.work.reports import filing, read_and_make

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Literal

    from sqlalchemy import Connection

    from bot.store.bashes import Kept
    from bot.store.database import Database
    from bot.triage.decide import Context
    from bot.triage.issue import Command
    from bot.work.contexts import Contexts
    from bot.work.ports import GitHub, Installed

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)
"""The board is edited no more often."""
GRACE = timedelta(minutes=15)
"""After its time ran out, for those who are just writing their last word."""
_HOUR = 3_600_000
_REACTIONS: dict[str, Literal["+1", "-1", "confused"]] = {"done": "+1", "refused": "-1", "unclear": "confused"}


class Bashes:
    """Thread-safe; one repository's by one thread at a time, which its lane sees to."""

    def __init__(self, database: Database, github: GitHub, contexts: Contexts, pace: Pace) -> None:
        self._database = database
        self._github = github
        self._contexts = contexts
        self._pace = pace

    def tend(self, repository_id: int) -> None:
        """Whatever is to be done now. Raises Pause."""
        with self._database.read() as connection:
            said = commands.load_of_bash(connection, repository_id)
            alive = bashes.alive(connection, repository_id)
            due = any(kept.next_at is not None and kept.next_at <= self._pace.now() for kept in alive)
            known = repositories.get(connection, repository_id) if said or due else None
        if known is None:
            return
        if known.removed or known.installation_id is None:
            self._put_off(alive, self._pace.now() + _HOUR)
            return
        try:
            installed = self._github.installation(known.installation_id)
            context = self._contexts.of(known, installed, self._pace.now())
            host = _Host(self._database, context, installed, self._pace)
            for number, command in said:
                host.hear(number, command, alive)
            for kept in alive:
                host.show(kept)
        except LimitReached as error:
            raise Pause(round(error.until.timestamp() * 1000), str(error)) from error
        except Unavailable as error:
            raise Pause(self._pace.now() + self._pace.wait(4), str(error)) from error
        except GitHubError as error:
            log.warning("a bash cannot go on", reason=str(error))
            self._put_off(alive, self._pace.now() + _HOUR)
        except Exception:  # it must not take the lane with it
            log.exception("a bash broke")
            self._put_off(alive, self._pace.now() + _HOUR)

    def _put_off(self, alive: list[Kept], until: int) -> None:
        with self._database.write() as connection:
            for kept in alive:
                kept.next_at = until if kept.next_at is not None else None
                bashes.save(connection, kept)


class _Host:
    """One visit to one repository's bashes."""

    def __init__(self, database: Database, context: Context, installed: Installed, pace: Pace) -> None:
        self._database = database
        self._context = context
        self._policy = context.policy
        self._repository = context.repository
        self._installed = installed
        self._pace = pace

    def hear(self, number: int, command: Command, alive: list[Kept]) -> None:
        """Takes down one command, once: the ledger and that it is carried out are stored together."""
        if command.comment_id == 0 and command.name in {"closed", "reopened"}:
            self._seen(number, command, alive)
            return
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
            self._answer(number, command, "refused")
        elif starts and running:
            self._answer(number, command, "refused")
            self._tell_of(running, number, command)
        elif starts:
            self._start(number, command, words[1:], alive)
        elif running is None or number not in {0, running.issue_number}:
            self._answer(number, command, "unclear")
        else:
            said = Said(command.name, words, command.actor.login, command.comment_id)
            running.bash, answer = apply(running.bash, said, self._pace.moment())
            self._answer(number, command, answer, running)

    def _seen(self, number: int, command: Command, alive: list[Kept]) -> None:
        by = "" if command.actor.is_bot else command.actor.login
        said = Said(command.name, (), by, 0, number)
        for kept in alive:
            kept.bash, _ = apply(kept.bash, said, self._pace.moment())
            kept.next_at = self._pace.now()
        with self._database.write() as connection:
            for kept in alive:
                bashes.save(connection, kept)
            commands.finish(connection, [command.id], self._pace.now())

    def _start(self, number: int, command: Command, words: tuple[str, ...], alive: list[Kept]) -> None:
        settings = self._policy.bash
        wish = read_wish(words, settings, frozenset(rule.id for rule in RULES))
        if wish is None:
            self._answer(number, command, "unclear")
            return
        report, _ = read_and_make(
            self._database,
            self._repository,
            self._installed,
            self._context.checker,
            self._policy.report,
            wish.sections,
            clock=self._pace.moment,
        )
        begun = begin(report, wish, settings, command.actor.login, self._pace.moment())
        with self._database.write() as connection:
            kept = bashes.add(connection, self._repository.id, begun, self._pace.now())
            self._note(connection, number, command, "done")
        alive.append(kept)
        self._react(command, "done")

    def _answer(self, number: int, command: Command, answer: str, changed: Kept | None = None) -> None:
        with self._database.write() as connection:
            if changed is not None:
                # Due until it has been shown, should that fail.
                changed.next_at = self._pace.now()
                bashes.save(connection, changed)
            self._note(connection, number, command, answer)
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

    def _tell_of(self, running: Kept, number: int, command: Command) -> None:
        """Where the bash is that runs already."""
        if not number or not running.issue_number or number == running.issue_number:
            return
        mark = f"<!-- community-triage-bot:bash-runs {command.id} -->"
        text = f"{mark}\nAn issue bash is running already: #{running.issue_number}. You are welcome to join it there.\n"
        self._installed.writer.comment(self._repository, number, text, mark)

    def show(self, kept: Kept) -> None:
        """Brings GitHub to where the ledger is, and says when to come back."""
        if kept.is_running and self._pace.moment() >= kept.bash.ends_at + GRACE:
            kept.bash = finish(kept.bash, "", self._pace.moment())
            self._save(kept)
        try:
            self._open(kept)
            self._edit(kept)
            self._wrap_up(kept)
        except NotFound:
            # Somebody deleted it: that is an end, too.
            log.warning("the tracking issue of a bash is gone", issue=kept.issue_number)
            kept.bash = kept.bash if kept.bash.finished_at else finish(kept.bash, "", self._pace.moment())
            kept.next_at = None
        else:
            kept.next_at = self._next(kept)
        self._save(kept)

    def _save(self, kept: Kept) -> None:
        with self._database.write() as connection:
            bashes.save(connection, kept)

    def _open(self, kept: Kept) -> None:
        if kept.issue_number is not None:
            return
        mark = self._marker("issue", kept)
        body = f"{mark}\n{texts.issue(kept.bash)}"
        number = self._installed.writer.open_issue(self._repository, texts.title(kept.bash), body, mark)
        kept.issue_number, kept.issue_body = number, body
        self._save(kept)

    def _edit(self, kept: Kept) -> None:
        """Board and ticks, at most once a minute; what somebody ticked by hand is put right with the next edit."""
        if kept.issue_number is None or not self._may_edit(kept):
            return
        body, board = self._texts(kept)
        if kept.board_comment_id is None:
            kept.board_comment_id = self._installed.writer.comment(
                self._repository, kept.issue_number, board, self._marker("board", kept)
            )
        elif board != kept.board_body:
            self._installed.writer.edit_comment(self._repository, kept.board_comment_id, board)
        elif body == kept.issue_body:
            return
        if body != kept.issue_body:
            self._installed.writer.edit_issue(self._repository, kept.issue_number, body)
        kept.board_body, kept.issue_body, kept.edited_at = board, body, self._pace.now()
        self._save(kept)

    def _texts(self, kept: Kept) -> tuple[str, str]:
        body = f"{self._marker('issue', kept)}\n{texts.issue(kept.bash)}"
        return body, f"{self._marker('board', kept)}\n{texts.board(kept.bash, self._pace.moment())}"

    def _may_edit(self, kept: Kept) -> bool:
        return kept.edited_at is None or self._pace.moment() >= from_ms(kept.edited_at) + EVERY

    def _wrap_up(self, kept: Kept) -> None:
        """Posted once, edited when what became of the issues is looked up again."""
        number, check = kept.issue_number, next_check(kept.bash)
        is_new = kept.wrap_up_comment_id is None
        if kept.is_running or number is None or not (is_new or (check is not None and self._pace.moment() >= check)):
            return
        kept.bash = self._followed(kept.bash, count=is_new)
        mark = self._marker("wrap-up", kept)
        text = f"{mark}\n{texts.wrap_up(kept.bash)}"
        if kept.wrap_up_comment_id is None:
            posted = self._installed.writer.comment(self._repository, number, text, mark)
            close = Close(reason="completed", because="The bash is over.")
            self._installed.writer.perform(self._repository, number, close)
            kept.wrap_up_comment_id, kept.wrap_up_body = posted, text
        elif text != kept.wrap_up_body:
            self._installed.writer.edit_comment(self._repository, kept.wrap_up_comment_id, text)
            kept.wrap_up_body = text

    def _followed(self, bash: Bash, *, count: bool) -> Bash:
        fill(self._database, self._repository, self._installed.threads, filing(self._context.checker))
        with self._database.read() as connection:
            numbers = [item.number for item in bash.items]
            found = {thread.number: thread for thread in threads.load(connection, self._repository.id, numbers)}
            if count:
                still_open = threads.open_threads(connection, self._repository.id)
                bash = replace(bash, open_after=sum(not is_own(thread) for thread in still_open))
        return followed(bash, found, self._pace.moment())

    def _next(self, kept: Kept) -> int | None:
        """When there is something to do next, if nobody says anything."""
        bash, now = kept.bash, self._pace.moment()
        ahead: list[datetime] = []
        if self._texts(kept) != (kept.issue_body, kept.board_body) and kept.edited_at is not None:
            ahead.append(from_ms(kept.edited_at) + EVERY)
        if bash.finished_at is None:
            leases = (item.claim.until for item in bash.items if item.claim and item.claim.until > now)
            ahead += [*leases, bash.ends_at + GRACE]
        elif (check := next_check(bash)) is not None:
            ahead.append(check)
        return to_ms(min(ahead)) if ahead else None

    def _marker(self, kind: str, kept: Kept) -> str:
        return texts.marker(kind, kept.id, kept.bash.started_at)

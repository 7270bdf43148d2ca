"""Brings GitHub to where the ledger of a bash is: its tracking issue, its board, and how it went.

Each step looks at what is there already, so that a crash between any two doubles nothing: each text carries a marker.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.github.errors import GitHubError, NotFound
from bot.issuebash.event import Bash, finish
from bot.issuebash.exempt import is_own
from bot.issuebash.follow_up import followed, next_check
from bot.reports import bash as texts
from bot.store import bashes, threads
from bot.store.times import from_ms, to_ms
from bot.triage.plan import Close
from bot.work.reading import have_read, is_read, is_refused

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.bashes import Kept
    from bot.store.database import Database
    from bot.triage.decide import Context
    from bot.work.pace import Pace
    from bot.work.ports import Installed

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)
"""The board is edited no more often."""
GRACE = timedelta(minutes=15)
"""After its time ran out, for those who are just writing their last word."""
_MINUTE, _HOUR = 60_000, 3_600_000
_ATTEMPTS = 14
"""Visits that GitHub refuses, about four days of them, before a bash is given up."""
_ATTEMPTS_GONE = 3
"""The same where its tracking issue is gone; GitHub may not show at once what is new."""


class Board:
    """One visit to one repository."""

    def __init__(self, database: Database, context: Context, installed: Installed, pace: Pace) -> None:
        self._database = database
        self._policy = context.policy
        self._repository = context.repository
        self._installed = installed
        self._pace = pace

    def show(self, kept: Kept) -> None:
        """Brings GitHub to where the ledger is, and says when to come back. Raises GitHubError."""
        if not self._policy.enabled or self._policy.dry_run:
            self.put_off(kept, self._pace.now() + _HOUR)
            return
        if kept.is_running and self._pace.moment() >= kept.bash.ends_at + GRACE:
            kept.bash = finish(kept.bash, "", self._pace.moment())
            self._save(kept)
        self._open(kept)
        self._edit(kept)
        waits = self._wrap_up(kept)
        kept.failures = 0
        self.put_off(kept, self._pace.now() + _MINUTE if waits else self._next(kept))

    def put_off(self, kept: Kept, until: int | None) -> None:
        kept.next_at = until
        self._save(kept)

    def refused(self, kept: Kept, *, gone: bool) -> None:
        """Tried again less and less often, and at last given up."""
        kept.failures += 1
        if kept.failures < (_ATTEMPTS_GONE if gone else _ATTEMPTS):
            minutes = min(1 << kept.failures, 24 * 60)
            self.put_off(kept, self._pace.now() + minutes * _MINUTE)
            return
        log.warning("a bash is given up", issue=kept.issue_number, gone=gone)
        kept.bash = finish(kept.bash, "", self._pace.moment())
        self.put_off(kept, None)

    def is_gone(self, kept: Kept) -> bool:
        """Whether the tracking issue itself is: a comment or something else may have been missing as well."""
        if kept.issue_number is None:
            return False
        try:
            self._installed.reader.issue(self._repository, kept.issue_number)
        except NotFound:
            return True
        except GitHubError:
            return False
        return False

    def _save(self, kept: Kept) -> None:
        with self._database.write() as connection:
            bashes.save(connection, kept)

    def _open(self, kept: Kept) -> None:
        if kept.issue_number is not None:
            return
        mark = self._marker("issue", kept)
        body = f"{mark}\n{self._issue_text(kept)}"
        number = self._installed.writer.open_issue(self._repository, texts.title(kept.bash), body, mark)
        kept.issue_number, kept.issue_body = number, body
        self._save(kept)

    def _issue_text(self, kept: Kept) -> str:
        return texts.issue(kept.bash, for_anyone=self._policy.commands.claim == "anyone")

    def _edit(self, kept: Kept) -> None:
        """Board and ticks, at most once a minute; what somebody ticked by hand is put right with the next edit."""
        if kept.issue_number is None or not self._may_edit(kept):
            return
        body, board = self._texts(kept)
        if (body, board) == (kept.issue_body, kept.board_body):
            return
        if board != kept.board_body:
            mark = self._marker("board", kept)
            kept.board_comment_id = self._written(kept, kept.board_comment_id, board, mark)
        if body != kept.issue_body:
            self._installed.writer.edit_issue(self._repository, kept.issue_number, body)
        kept.board_body, kept.issue_body, kept.edited_at = board, body, self._pace.now()
        self._save(kept)

    def _written(self, kept: Kept, comment_id: int | None, text: str, mark: str) -> int:
        """Edits the comment, or writes it: also anew, where somebody deleted it. Its id."""
        writer = self._installed.writer
        if comment_id is not None:
            try:
                writer.edit_comment(self._repository, comment_id, text)
            except NotFound:
                # Of one that is still listed GitHub only says so.
                if writer.comment(self._repository, kept.issue_number or 0, text, mark) == comment_id:
                    raise
            else:
                return comment_id
        return writer.comment(self._repository, kept.issue_number or 0, text, mark)

    def _texts(self, kept: Kept) -> tuple[str, str]:
        body = f"{self._marker('issue', kept)}\n{self._issue_text(kept)}"
        return body, f"{self._marker('board', kept)}\n{texts.board(kept.bash, self._pace.moment())}"

    def _may_edit(self, kept: Kept) -> bool:
        return kept.edited_at is None or self._pace.moment() >= from_ms(kept.edited_at) + EVERY

    def _wrap_up(self, kept: Kept) -> bool:
        """Posted once, edited when what became of the issues is looked up again. Whether it waits for the mirror."""
        ended, check = kept.bash.finished_at, next_check(kept.bash)
        is_new = kept.wrap_up_comment_id is None
        since = ended if is_new else check
        if ended is None or since is None or (not is_new and self._pace.moment() < since):
            return False
        with self._database.write() as connection:
            fresh = is_read(connection, self._repository.id, since)
            if not fresh and not is_refused(connection, self._repository.id):
                have_read(connection, self._repository.id, self._pace.now())
                return True
        bash = self._followed(kept.bash, count=is_new and fresh)
        mark = self._marker("wrap-up", kept)
        text = f"{mark}\n{texts.wrap_up(bash)}"
        if is_new or text != kept.wrap_up_body:
            kept.wrap_up_comment_id = self._written(kept, kept.wrap_up_comment_id, text, mark)
        if is_new:
            close = Close(reason="completed", because="The bash is over.")
            self._installed.writer.perform(self._repository, kept.issue_number or 0, close)
        # Only now: a look whose outcome was not written is done again.
        kept.bash, kept.wrap_up_body = bash, text
        return False

    def _followed(self, bash: Bash, *, count: bool) -> Bash:
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

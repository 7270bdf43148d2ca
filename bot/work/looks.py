"""Looks at one issue as it is now and plans what to do: from a payload where that will do, else read from GitHub."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.github.errors import Behind, GitHubError
from bot.store.times import from_ms, to_ms
from bot.triage import lifecycle
from bot.triage.commands import BY_HAND_TOO, NEEDS_INFO
from bot.triage.decide import Context, decide
from bot.triage.issue import Command, History, Issue, Request
from bot.triage.obey import is_permitted
from bot.triage.plan import AddLabels, Close, EditRequest, Plan, PostNotice, PostRequest, Remember, RemoveLabel
from bot.triage.printed import asks_for_releases

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.issues import Record
    from bot.store.waiting import Seen
    from bot.triage.issue import Change, Comment, Repository
    from bot.triage.release import Release
    from bot.work.mirror import Look
    from bot.work.ports import SeesReleases, Sight

_log = logging.getLogger(__name__)
_TRUSTED_FOR = timedelta(minutes=1)
"""What a payload shows of a new issue, and what a command asks for. Later, after an outage perhaps, much may have been
said and done about it."""


@dataclass(slots=True)
class Planned:
    """A look with its Plan, ready to be carried out."""

    look: Look
    plan: Plan
    recovered: bool = False
    """An earlier run had begun something here whose outcome was not known."""

    @property
    def record(self) -> Record:
        return self.look.record


def plan(
    look: Look,
    commands: list[Command],
    context: Context,
    installed: Sight,
    now: datetime,
    seen: Seen | None = None,
    lag: float = 0.0,
) -> Planned:
    """`seen`: what the mirror knows beside. `lag`: seconds for which GitHub may not show a change.

    Raises GitHubError; NotFound where the issue is gone.
    """
    return _Looking(look, commands, context, installed, now, seen, lag).plan()


class _Looking:
    """One look."""

    def __init__(
        self,
        look: Look,
        commands: list[Command],
        context: Context,
        installed: Sight,
        now: datetime,
        seen: Seen | None,
        lag: float,
    ) -> None:
        self._look = look
        self._record = look.record
        self._commands = commands
        self._context = context
        self._installed = installed
        self._now = now
        self._seen = seen
        self._lag = round(1000 * lag)
        shown = look.issue
        self._fresh = look.fresh and shown is not None and now - shown.updated_at <= _TRUSTED_FOR
        self._recent = bool(look.deliveries) and self._may_lag(look.record.updated_at)
        self._asked_for_releases = False
        self._changes_read: tuple[Change, ...] | None = None

    @property
    def _repository(self) -> Repository:
        return self._context.repository

    def plan(self) -> Planned:
        recovered = bool(self._record.intent)
        if recovered and self._may_lag(self._record.looked_at):
            raise Behind(f"{self._name}: GitHub may not show yet what was begun there")
        issue = None if recovered or self._look.contested else self._look.issue
        if issue is not None and issue.state == "closed" and lifecycle.concerned(self._record):
            # No payload tells by whom.
            issue = None
        if issue is not None and self._is_to_wait(issue):
            # Nor whether the author has answered.
            issue = None
        if issue is not None and (self._fresh or self._shows_labels(issue)):
            shown = self._decide(self._with_comments(issue))
            quiet = all(isinstance(action, Remember) for action in shown.actions)
            if quiet or (self._fresh and not self._look.comments):
                return Planned(self._look, shown)
            # What the payload showed would lead to something: be sure that it still is so.
        issue = self._with_comments(self._read())
        if recovered:
            self._recover(issue)
            issue = self._with_comments(issue)
        planned = self._decide(issue)
        if _asks(planned) and self._record.request is None and not recovered:
            # The store may know nothing of a Request that is there (a new database, say, or one from a backup).
            self._adopt()
        if _asks(planned):
            # Somebody may have given what is missing before it was ever asked for.
            planned = self._decide(self._commented(issue))
        return Planned(self._look, planned, recovered)

    def _is_to_wait(self, issue: Issue) -> bool:
        """Whether a command says to wait for the author, who may have spoken since."""
        return any(command.name == NEEDS_INFO for command in self._permitted(issue))

    def _is_late(self, command: Command) -> bool:
        """Whether people may have done since what it wants, or undone it."""
        return command.name in BY_HAND_TOO and command.at is not None and self._now - command.at > _TRUSTED_FOR

    def _permitted(self, issue: Issue) -> list[Command]:
        """Nobody else's command is worth reading all that was said and done, which may be a lot."""
        return [it for it in self._commands if is_permitted(it, issue.author, self._context.policy)]

    def _may_lag(self, since: int | None) -> bool:
        """Whether GitHub may not show yet what happened then."""
        return since is not None and to_ms(self._now) < since + self._lag

    @property
    def _name(self) -> str:
        return f"{self._repository.full_name}#{self._record.number}"

    def _shows_labels(self, issue: Issue) -> bool:
        """A payload from before the bot's own last change lacks its labels, as if a person had removed them."""
        return self._record.labels_by_bot <= {label.lower() for label in issue.labels}

    def _decide(self, issue: Issue) -> Plan:
        history: History = self._record.history(self._commands)
        if any(map(self._is_late, self._permitted(issue))):
            history = replace(history, changed_by_hand=self._ask_what_people_changed())
        if self._seen is not None:
            issue, history = self._seen.shown_on(issue), self._seen.added_to(history)
        if not self._asked_for_releases and asks_for_releases(issue, self._context.policy):
            self._asked_for_releases = True
            self._context = replace(self._context, releases=releases_of(self._repository, self._installed.reader))
        return decide(issue, self._context, history, self._now)

    def _read(self) -> Issue:
        """The issue as it is now; never one older than what is known already."""
        record, shown = self._record, self._look.issue
        self._look.hasty = self._recent
        issue = self._installed.reader.issue(self._repository, record.number)
        if record.mirror(issue):
            if self._may_lag(record.looked_at) and not self._shows_labels(issue):
                raise Behind(f"{self._name}: GitHub may not show yet which labels the bot put on")
            if issue.closed_by:
                record.closed_by_bot = self._is_self(issue.closed_by)
            return replace(issue, transferred_in=record.transferred_in)
        # What the payload shows is newer; but it may be from before the bot's own last change.
        if shown is not None and to_ms(shown.updated_at) == record.updated_at and self._shows_labels(shown):
            same_closing = shown.closed_at == issue.closed_at
            return replace(shown, closed_by=issue.closed_by if same_closing else "")
        raise Behind(f"{self._name}: GitHub still shows an older state of the issue")

    def _is_self(self, login: str) -> bool:
        return login.lower() == self._context.app_login.lower()

    def _with_comments(self, issue: Issue) -> Issue:
        record, label = self._record, self._context.policy.labels.needs_info
        # A closed issue that is not asked any more may still wait by the label, for what a comment has said since.
        waits = label is not None and label.lower() in record.labels_by_bot and issue.state == "closed"
        wanted = lifecycle.concerned(record) or record.request is not None or waits or self._is_to_wait(issue)
        return self._commented(issue) if wanted else issue

    def _commented(self, issue: Issue) -> Issue:
        if issue.comments_known:
            return issue
        self._look.hasty = self._recent
        listed: dict[int, Comment] = {
            comment.id: comment for comment in self._installed.reader.comments(self._repository, issue.number)
        }
        for id_, comment in self._look.comments.items():
            listed.setdefault(id_, comment)
        comments = tuple(sorted(listed.values(), key=lambda it: (it.created_at, it.id)))
        return replace(issue, comments=comments, comments_known=True)

    def _recover(self, issue: Issue) -> None:
        """Finds out what became of the actions that were begun: GitHub's answer was lost, or we were."""
        record = self._record
        there = {label.lower() for label in issue.labels}
        for label in record.intent.add:
            if label in there and label not in record.labels_by_people:
                record.labels_by_bot.add(label)
        for label in record.intent.remove:
            if label not in there:
                record.labels_by_bot.discard(label)
        if unclear := ({*record.intent.add} - there) | ({*record.intent.remove} & there):
            self._ask_who_changed(unclear, there)
        if record.intent.post and record.request is None:
            self._adopt()
        # Whether the notice is there, its comments will show.
        record.noticed = record.noticed or record.intent.notice
        if record.intent.close and issue.state == "closed":
            record.closed_by_bot = self._is_self(issue.closed_by)
        record.intent = record.intent.over()

    def _ask_who_changed(self, unclear: set[str], there: set[str]) -> None:
        """These were about to be changed and are as before: never changed, or changed back by somebody since."""
        since = from_ms(self._record.intent.known_until)
        changes = {it.label.lower(): it for it in self._changes() if it.at >= since}
        for label in unclear & changes.keys():
            last = changes[label]
            if last.added == (label in there) and not self._is_self(last.by.login):
                self._record.label_by_other(label, last.by, added=last.added)

    def _ask_what_people_changed(self) -> tuple[Change, ...]:
        last = {it.label.lower(): it for it in self._changes() if not it.by.is_bot}
        return tuple(it._replace(label=label) for label, it in last.items())

    def _changes(self) -> tuple[Change, ...]:
        """Read once."""
        if self._changes_read is None:
            self._changes_read = self._installed.reader.changes(self._repository, self._record.number)
        return self._changes_read

    def _adopt(self) -> bool:
        found = self._installed.writer.find_request(self._repository, self._record.number)
        if found is None:
            return False
        self._record.request = Request(found.id, found.node_id, found.body, asked_at=found.created_at)
        return True


def releases_of(repository: Repository, reader: SeesReleases) -> tuple[Release, ...] | None:
    """None where they cannot be had, for whatever reason: a label is not worth a decision that fails."""
    try:
        return reader.releases(repository)
    except GitHubError as error:
        _log.info("%s: the releases are not known: %s", repository.full_name, error)
        return None


def _asks(plan: Plan) -> bool:
    return any(isinstance(action, PostRequest) for action in plan.actions)


def intend(planned: Planned) -> None:
    """Notes in the record what is about to be done, to be stored before it is."""
    intent = planned.record.intent
    intent.known_until = planned.record.updated_at or 0
    for action in planned.plan.actions:
        match action:
            case AddLabels(for_person=False):
                names = [label.lower() for label in action.labels]
                intent.add += names
                # Where somebody once took one off, a later word of a person or a new silence outweighs that.
                planned.record.labels_removed_by_people.difference_update(names)
            case RemoveLabel(for_person=False):
                intent.remove.append(action.label.lower())
            case PostRequest():
                intent.post = True
            case EditRequest():
                # Not known until the outcome is.
                planned.record.request_body = ""
            case PostNotice():
                intent.notice = True
            case Close():
                intent.close = any(isinstance(it, Remember) and it.closed_by_bot for it in planned.plan.actions)

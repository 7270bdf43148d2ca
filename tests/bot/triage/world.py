"""A small pure world for decisions: templates, issues written from them, and what carrying out a Plan does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.forms.check import Checker
from bot.forms.load import TemplateSet, load
from bot.render import Renderer
from bot.triage import lifecycle
from bot.triage.decide import Context, decide
from bot.triage.issue import Actor, Command, Comment, History, Issue, Repository, Request
from bot.triage.plan import (
    Action,
    AddLabels,
    Close,
    CreateLabel,
    EditRequest,
    Plan,
    PostNotice,
    PostRequest,
    React,
    Remember,
    RemoveLabel,
    Reopen,
    RetractNotice,
)
from bot.triage.policy import load_policy
from bot.triage.release import Release

NOW = datetime(2030, 5, 10, 12, tzinfo=UTC)
REPOSITORY = Repository(1, "octo", "demo", "https://github.com/octo/demo")
AUTHOR = Actor("ann")
MAINTAINER = Actor("mia", association="MEMBER")
STRANGER = Actor("sam")
APP = Actor("triage[bot]", is_bot=True)
LABELS = ("bug", "docs", "needs-info", "needs-triage", "Area/Store", "area/web", "good first issue", "pinned")

BUG = """
name: Bug report
description: Something does not work
title: "[BUG] "
labels: [bug]
body:
  - type: checkboxes
    id: policy
    attributes:
      label: Issue policy
      options:
        - label: I have read the policy
          required: true
        - label: I would like to help
  - type: dropdown
    id: component
    attributes:
      label: Component
      options: [store, web]
    validations: {required: true}
  - type: textarea
    id: problem
    attributes:
      label: What is the problem?
    validations: {required: true}
  - type: textarea
    id: logs
    attributes:
      label: Logs
      render: shell
"""
DOCS = """
name: Documentation fix
description: A page is wrong
title: "[DOC] "
labels: [docs]
body:
  - type: input
    id: page
    attributes:
      label: Which page?
    validations: {required: true}
  - type: textarea
    id: change
    attributes:
      label: What should change?
    validations: {required: true}
"""
FORMS = {".github/ISSUE_TEMPLATE/bug report.yml": BUG, ".github/ISSUE_TEMPLATE/docs.yml": DOCS}


def templates(files: dict[str, str] | None = None) -> TemplateSet:
    chosen = FORMS if files is None else files
    loaded = load({path: text.encode() for path, text in chosen.items()})
    assert not loaded.problems
    return loaded


def bug(
    *, policy: bool = True, component: str = "store", problem: str = "It stops after a minute.", logs: str = ""
) -> str:
    """The body of a bug report."""
    shown = f"```shell\n{logs}\n```\n" if logs else "_No response_"
    return (
        f"### Issue policy\n\n- [{'X' if policy else ' '}] I have read the policy\n- [ ] I would like to help\n\n"
        f"### Component\n\n{component or '_No response_'}\n\n"
        f"### What is the problem?\n\n{problem or '_No response_'}\n\n"
        f"### Logs\n\n{shown}"
    )


def docs(page: str = "https://example.org/a", change: str = "The second line.") -> str:
    return f"### Which page?\n\n{page or '_No response_'}\n\n### What should change?\n\n{change or '_No response_'}"


def context(
    policy: str = "",
    files: dict[str, str] | None = None,
    labels: tuple[str, ...] | None = LABELS,
    installed_at: datetime | None = None,
    releases: tuple[Release, ...] | None = None,
) -> Context:
    loaded = load_policy(policy.encode())
    known = None if labels is None else {label.lower(): label for label in labels}
    checker = Checker(templates(files), loaded.rules, loaded.fillings)
    return Context(REPOSITORY, checker, loaded, Renderer(loaded), "triage", installed_at, known, releases)


def issue(body: str = "", **changes: Any) -> Issue:
    base = Issue(7, "It stops", body, AUTHOR, NOW, NOW)
    return replace(base, **changes)


@dataclass
class World:
    """One issue, the history that the store would keep of it, and the context it is judged in."""

    context: Context
    issue: Issue
    history: History = History(swept=True)
    now: datetime = NOW
    posted: int = 0
    reactions: tuple[tuple[int, str], ...] = ()

    def decide(self) -> Plan:
        """Decide as a lane does: comments are read where there is a Request, or before the first one is posted.

        Also where the lifecycle may have something to do.
        """
        if self.history.request is None and not lifecycle.concerned(self.history):
            unread = replace(self.issue, comments=(), comments_known=False)
            plan = decide(unread, self.context, self.history, self.now)
            if not any(isinstance(action, PostRequest) for action in plan.actions):
                return plan
        return decide(replace(self.issue, comments_known=True), self.context, self.history, self.now)

    @property
    def request(self) -> Request:
        """The Request, where there must be one."""
        assert self.history.request is not None
        return self.history.request

    def settle(self) -> Plan:
        """Decide and carry the Plan out."""
        plan = self.decide()
        for action in plan.actions:
            self.carry_out(action)
        return plan

    def carry_out(self, action: Action) -> None:
        history = self.history
        match action:
            case CreateLabel(name=name):
                known = self.context.known_labels or {}
                self.context = replace(self.context, known_labels={**known, name.lower(): name})
            case AddLabels(labels=labels, for_person=for_person, with_warning=with_warning):
                self._add(labels, for_person)
                keys = {label.lower() for label in labels} if with_warning else set()
                self.history = replace(self.history, stale_labels=self.history.stale_labels | keys)
            case RemoveLabel(label=label, for_person=for_person):
                self._remove(label, for_person)
            case PostRequest(body=body):
                self.posted += 1
                self.comment(APP, body, by_this_app=True)
                asked = Request(self.issue.comments[-1].id, "node", body, asked_at=self.now)
                self.history = replace(history, request=asked)
            case EditRequest(body=body, resolved=resolved, reopened=reopened, comment_id=comment_id):
                assert history.request is not None
                assert history.request.comment_id == comment_id
                self.history = replace(
                    history,
                    request=replace(
                        history.request,
                        body=body,
                        resolved=resolved,
                        asked_at=self.now if reopened else history.request.asked_at,
                    ),
                )
            case React(comment_id=comment_id, content=content):
                self.reactions += ((comment_id, content),)
            case PostNotice(body=body):
                self.comment(APP, body, by_this_app=True)
                self.history = replace(history, noticed=True)
            case RetractNotice(comment_id=comment_id, body=body):
                assert comment_id in {comment.id for comment in self.issue.comments if comment.by_this_app}
                comments = (replace(it, body=body) if it.id == comment_id else it for it in self.issue.comments)
                self.issue = replace(self.issue, comments=tuple(comments))
            case Close():
                assert self.issue.state == "open"
                self.issue = replace(self.issue, state="closed", closed_at=self.now, closed_by=APP.login)
            case Reopen():
                assert self.issue.state == "closed"
                self.issue = replace(self.issue, state="open", closed_at=None, closed_by="")
            case Remember():
                self._remember(action)
            case _:
                raise AssertionError(action)

    def _add(self, labels: tuple[str, ...], for_person: bool) -> None:
        assert not {label.lower() for label in labels} & {label.lower() for label in self.issue.labels}
        keys = {label.lower() for label in labels}
        history = self.history
        self.issue = replace(self.issue, labels=(*self.issue.labels, *labels))
        self.history = replace(
            history,
            labels_by_bot=history.labels_by_bot - keys if for_person else history.labels_by_bot | keys,
            labels_by_people=history.labels_by_people | keys if for_person else history.labels_by_people,
            labels_removed_by_people=history.labels_removed_by_people - keys,
            labels_by_other_bots=history.labels_by_other_bots - keys,
        )

    def _remove(self, label: str, for_person: bool) -> None:
        assert label in self.issue.labels
        key = {label.lower()}
        history = self.history
        self.issue = replace(self.issue, labels=tuple(each for each in self.issue.labels if each != label))
        self.history = replace(
            history,
            labels_by_bot=history.labels_by_bot - key,
            labels_by_people=history.labels_by_people - key,
            labels_by_other_bots=history.labels_by_other_bots - key,
            stale_labels=history.stale_labels - key,
            labels_removed_by_people=history.labels_removed_by_people | key
            if for_person
            else history.labels_removed_by_people,
        )

    def _remember(self, action: Remember) -> None:
        names = ("skipped", "needs_info_by_maintainer", "asked_fields", "closed_by_bot", "noticed", "settled")
        changes = {name: value for name in names if (value := getattr(action, name)) is not None}
        commands = tuple(command for command in self.history.commands if command.id != action.command_done)
        self.history = replace(self.history, commands=commands, **changes)

    # What people do, as the mirror takes it down.

    def edit(self, body: str) -> None:
        """By its author."""
        self.issue = replace(self.issue, body=body)
        self.history = replace(self.history, needs_info_by_maintainer=False, last_human_at=self.now, edited_at=self.now)

    def close_by_hand(self) -> None:
        self.issue = replace(self.issue, state="closed", closed_at=self.now, closed_by=MAINTAINER.login)
        self.history = replace(self.history, closed_by_bot=False, last_human_at=self.now)

    def reopen_by_hand(self) -> None:
        self.issue = replace(self.issue, state="open", closed_at=None, closed_by="")
        self.history = replace(self.history, closed_by_bot=False, last_human_at=self.now)

    def edit_comment(self, number: int, actor: Actor, body: str) -> None:
        comments = (replace(it, body=body) if it.id == number else it for it in self.issue.comments)
        self.issue = replace(self.issue, comments=tuple(comments))
        self.history = replace(self.history, last_human_at=self.now)
        if actor.login == self.issue.author.login:
            self.history = replace(self.history, needs_info_by_maintainer=False, edited_at=self.now)

    def comment(self, actor: Actor, body: str, *, by_this_app: bool = False) -> int:
        number = 100 + len(self.issue.comments)
        written = Comment(number, actor, body, self.now, by_this_app=by_this_app)
        self.issue = replace(self.issue, comments=(*self.issue.comments, written))
        if not actor.is_bot:
            self.history = replace(self.history, last_human_at=self.now)
        if actor.login == self.issue.author.login:
            self.history = replace(self.history, needs_info_by_maintainer=False)
        return number

    def command(self, actor: Actor, name: str, *arguments: str) -> int:
        number = self.comment(actor, f"/{name} {', '.join(arguments)}")
        said = Command(f"{number}:{len(self.history.commands)}", number, actor, name, arguments, self.now)
        self.history = replace(self.history, commands=(*self.history.commands, said))
        return number

    def label_by_hand(self, label: str) -> None:
        if label.lower() not in {each.lower() for each in self.issue.labels}:
            self._add((label,), for_person=True)
            others = (it for it in self.history.labelled_at if it[0] != label.lower())
            self.history = replace(
                self.history,
                stale_labels=self.history.stale_labels - {label.lower()},
                labelled_at=(*others, (label.lower(), self.now)),
            )

    def unlabel_by_hand(self, label: str) -> None:
        if label in self.issue.labels:
            self._remove(label, for_person=True)

    def label_by_another_bot(self, label: str, *, on: bool) -> None:
        if on == (label.lower() in {each.lower() for each in self.issue.labels}):
            return
        if on:
            self._add((label,), for_person=True)
        else:
            self._remove(label, for_person=True)
        others = self.history.labels_by_other_bots | {label.lower()}
        self.history = replace(self.history, labels_by_other_bots=others)

    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)


def world(body: str = "", policy: str = "", *, files: dict[str, str] | None = None, **changes: Any) -> World:
    return World(context(policy, files), issue(body, **changes))


def kinds(plan: Plan) -> list[str]:
    """The actions that reach GitHub."""
    return [action.kind for action in plan.actions if action.kind != "remember"]

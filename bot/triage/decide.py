"""Decides what should happen to an issue: a pure function from the issue, the policy and the history to a Plan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.forms.check import Checker
from bot.triage.issue import History, Issue, Repository
from bot.triage.labels import LabelStock, label_actions, take_back
from bot.triage.lifecycle import lifecycle
from bot.triage.need import Need, asked_findings, find_choices, find_need
from bot.triage.obey import forget, obey
from bot.triage.plan import Action, EditRequest, Plan, PostRequest, Remember, RemoveLabel, Reopen
from bot.triage.policy import Policy
from bot.triage.printed import read_printed
from bot.triage.release import Release
from bot.triage.wording import CommentName, Facts, Wording


@dataclass(frozen=True, slots=True)
class Context:
    """All that a decision needs beside the issue and its history; the same for all issues of a repository."""

    repository: Repository
    checker: Checker
    """Built with the policy's rules."""
    policy: Policy
    wording: Wording
    app_slug: str
    installed_at: datetime | None = None
    known_labels: Mapping[str, str] | None = None
    """Lower case -> as written in the repository; None where they are not known (then they are taken to exist)."""
    releases: tuple[Release, ...] | None = None
    """None where they are not known. Read only where `asks_for_releases` says so."""

    @property
    def app_login(self) -> str:
        """Whom GitHub shows as the author of what the bot writes."""
        return f"{self.app_slug}[bot]"


def decide(issue: Issue, context: Context, history: History, now: datetime) -> Plan:
    """Plan what brings the issue to where it should be; empty once that has been carried out."""
    policy = context.policy
    if not policy.enabled or issue.is_pull_request:
        reason = "Pull requests are no issues." if policy.enabled else "The policy switches the bot off."
        return Plan(forget(history, reason), reason)
    stock = LabelStock(policy.labels, context.known_labels)
    obeyed = obey(issue, history, policy, context.checker, stock)
    # From here on the commands count as carried out.
    issue, history = obeyed.issue, obeyed.history
    waits: tuple[Action, ...] = ()
    if issue.state == "closed":
        # What comes back is triaged as the open issue that it will be.
        waits = tuple(_wait(issue, context, history, now, obeyed.actions))
        issue, history = _reopened(issue, history, waits)
    verdict, actions = _triage(issue, context, stock, history, now, look=obeyed.look)
    # Before a command closes it, so that closing words which still stand never pass for the reason.
    actions = (*waits, *obeyed.actions, *actions)
    if issue.state == "open" and history.closed_by_bot:
        actions += (Remember(closed_by_bot=False, because="It is open again."),)
    if issue.state == "open" and not waits:
        actions += tuple(_wait(issue, context, history, now, actions))
    return Plan(actions, verdict)


def _wait(
    issue: Issue, context: Context, history: History, now: datetime, planned: tuple[Action, ...]
) -> Iterator[Action]:
    return lifecycle(
        issue, history, context.policy, context.known_labels, context.wording, now, context.app_login, planned
    )


def _reopened(issue: Issue, history: History, actions: tuple[Action, ...]) -> tuple[Issue, History]:
    if not any(isinstance(action, Reopen) for action in actions):
        return issue, history
    gone = {action.label for action in actions if isinstance(action, RemoveLabel)}
    labels = tuple(label for label in issue.labels if label not in gone)
    return replace(issue, state="open", labels=labels), replace(
        history, closed_by_bot=False, labels_by_bot=history.labels_by_bot - {label.lower() for label in gone}
    )


def _triage(
    issue: Issue, context: Context, stock: LabelStock, history: History, now: datetime, *, look: bool
) -> tuple[str, tuple[Action, ...]]:
    """Label and ask; with the verdict."""
    exempt = _exempt(issue, context, history, look=look)
    if exempt:
        return exempt, tuple(_withdraw(issue, context, history, exempt))
    need = _need(issue, context, history)
    actions = (*_labels(issue, context, stock, history, need), *_request(issue, context, history, need, now))
    return need.reason, (*actions, *_settle(issue, history, need))


def _exempt(issue: Issue, context: Context, history: History, *, look: bool) -> str:
    """Say why an issue is left alone; empty when it is not."""
    exempt = context.policy.request.exempt
    logins = {login.lower() for login in exempt.logins}
    labels = {label.lower() for label in exempt.labels}
    followed = look or history.request or history.asked_fields or history.needs_info_by_maintainer
    is_older = context.installed_at is not None and issue.created_at < context.installed_at
    reasons = {
        "A maintainer said to leave it alone.": history.skipped,
        "Bots are not asked.": issue.author.is_bot,
        "The conversation is locked.": issue.locked,
        "It was transferred from another repository.": issue.transferred_in,
        "The policy exempts maintainers.": exempt.maintainers and issue.author.is_maintainer,
        "The policy exempts its author.": issue.author.login.lower() in logins,
        "The policy exempts it by a label.": not labels.isdisjoint(label.lower() for label in issue.labels),
        "It is older than the bot's installation.": is_older and not followed,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _withdraw(issue: Issue, context: Context, history: History, reason: str) -> Iterator[Action]:
    """Take an open Request back; a locked conversation is not touched at all."""
    if issue.locked:
        return
    yield from take_back(issue, context.policy.labels, history, reason)
    yield from _resolve(issue, context, history, "withdrawn", reason)


def _need(issue: Issue, context: Context, history: History) -> Need:
    need = find_need(issue, context.checker)
    settled = history.settled == _digest(issue)
    if not need.templates and context.policy.request.free_form and not settled:
        return replace(need, choices=find_choices(issue, context.repository, context.checker.templates))
    if settled:
        need = replace(need, findings=())
    asked_already = {finding.field.id for finding in need.findings}
    also = (one for one in asked_findings(need.answers, history.asked_fields) if one.field.id not in asked_already)
    return replace(need, findings=(*need.findings, *also))


def _labels(issue: Issue, context: Context, stock: LabelStock, history: History, need: Need) -> Iterator[Action]:
    waiting = bool(need) or history.needs_info_by_maintainer
    if issue.state == "open":
        printed = read_printed(issue, context.policy, context.releases)
        yield from label_actions(issue, stock, context.checker.templates, history, need, printed, waiting=waiting)
    elif not waiting:
        yield from take_back(issue, stock.policy, history, need.reason)


def _request(issue: Issue, context: Context, history: History, need: Need, now: datetime) -> Iterator[Action]:
    """Post, edit, resolve or reopen the issue's one Request."""
    if not need:
        yield from _resolve(issue, context, history, "resolved", "All that was asked for is there.")
        return
    if issue.state == "closed":
        # Nobody is asked anything on a closed issue; what was asked before may stand.
        return
    request = history.request
    is_open = request is not None and not request.resolved
    facts = Facts(
        author=issue.author.login,
        findings=need.findings,
        choices=need.choices,
        deadline=_deadline(context.policy, request.asked_at if request and is_open else now),
        again=bool(history.settled),
    )
    body = context.wording.write("request" if need.findings else "choose_template", facts)
    if request is None:
        yield PostRequest(body=body, because=need.reason)
    elif request.resolved or request.body != body:
        # A second ask on an issue that was complete goes into the same comment. The edit notifies nobody, which is
        # meant: whoever emptied a field has the issue open in front of them, and needs-info tells the maintainers.
        yield EditRequest(
            comment_id=request.comment_id,
            node_id=request.node_id,
            body=body,
            reopened=request.resolved or request.unsure,
            because=need.reason,
        )


def _resolve(issue: Issue, context: Context, history: History, name: CommentName, because: str) -> Iterator[Action]:
    request = history.request
    if request and (request.unsure or not request.resolved):
        yield EditRequest(
            comment_id=request.comment_id,
            node_id=request.node_id,
            body=context.wording.write(name, Facts(author=issue.author.login)),
            resolved=True,
            because=because,
        )


def _settle(issue: Issue, history: History, need: Need) -> Iterator[Action]:
    digest = _digest(issue)
    if not need and history.settled != digest:
        yield Remember(settled=digest, because="So that it is not asked again though the templates may change.")


def _deadline(policy: Policy, since: datetime | None) -> date | None:
    days = policy.request.deadline_days
    return (since + timedelta(days=days)).date() if days and since else None


def _digest(issue: Issue) -> str:
    return hashlib.sha256(issue.body.encode(errors="surrogatepass")).hexdigest()[:16]

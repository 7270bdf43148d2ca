"""Decides what should happen to an issue: a pure function from the issue, the policy and the history to a Plan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.forms.check import Checker
from bot.triage.issue import History, Issue, Repository
from bot.triage.labels import label_actions
from bot.triage.need import Need, choices, find_need
from bot.triage.plan import Action, EditRequest, Plan, PostRequest, Remember
from bot.triage.policy import Policy
from bot.triage.wording import Facts, Wording


@dataclass(frozen=True, slots=True)
class Context:
    """All that a decision needs beside the issue and its history; the same for all issues of a repository."""

    repository: Repository
    checker: Checker
    policy: Policy
    wording: Wording
    app_slug: str
    installed_at: datetime | None = None
    known_labels: Mapping[str, str] | None = None
    """Lower case -> as written in the repository; None where they are not known (then they are taken to exist)."""


def decide(issue: Issue, context: Context, history: History, now: datetime) -> Plan:
    """Plan what brings the issue to where it should be; empty once that has been carried out."""
    if not context.policy.enabled:
        return Plan(verdict="The policy switches the bot off.")
    need = find_need(issue, context.checker, history.asked_fields)
    if need.check.match.template is None and not need.templates:
        need = Need(need.check, choices=choices(issue, context.repository, context.checker.templates))
    actions: list[Action] = []
    actions += label_actions(issue, context.policy, context.known_labels, history, need)
    actions += _request(issue, context, history, need, now)
    if not need and history.settled != (digest := _digest(issue.body)):
        actions.append(Remember(settled=digest, because="Complete as it stands."))
    return Plan(tuple(actions), "Something is missing." if need else "Nothing to ask.")


def _request(issue: Issue, context: Context, history: History, need: Need, now: datetime) -> Iterator[Action]:
    request = history.request
    facts = Facts(
        author=issue.author.login,
        findings=need.findings,
        choices=need.choices,
        deadline=_deadline(context.policy, request.asked_at if request and not request.resolved else now),
        again=bool(request and request.resolved),
    )
    if need:
        text = context.wording.write("request" if need.findings else "choose_template", facts)
        if request is None:
            yield PostRequest(body=text, because=_because(need))
        elif request.resolved or request.body != text:
            yield EditRequest(
                comment_id=request.comment_id,
                node_id=request.node_id,
                body=text,
                reopened=request.resolved,
                because=_because(need),
            )
    elif request and not request.resolved:
        yield EditRequest(
            comment_id=request.comment_id,
            node_id=request.node_id,
            body=context.wording.write("resolved", facts),
            resolved=True,
            because="All that was asked for is there.",
        )


def _because(need: Need) -> str:
    if need.choices:
        return "The issue follows none of the repository's templates."
    return "Missing: " + ", ".join(f"{finding.field.label} ({finding.status})" for finding in need.findings) + "."


def _deadline(policy: Policy, since: datetime | None) -> date | None:
    days = policy.request.deadline_days
    return (since + timedelta(days=days)).date() if days and since else None


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]

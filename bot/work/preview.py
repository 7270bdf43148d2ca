"""What the bot would do, with nothing done: for dry runs and simulation, through the code that does the work."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.forms.check import Checker
from bot.forms.load import load
from bot.github.errors import NotFound
from bot.github.reader import RepositoryFiles
from bot.render import Renderer
from bot.store.deliveries import Delivery
from bot.triage.decide import Context, decide
from bot.triage.issue import NO_HISTORY, Comment, Issue, Repository
from bot.triage.policy import DEFAULT_POLICY, Policy, PolicyError, load_policy
from bot.work import looks
from bot.work.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.forms.template import Problem
    from bot.github.events import Event
    from bot.store.issues import Record
    from bot.triage.issue import Change, Command
    from bot.triage.plan import Plan
    from bot.triage.release import Release
    from bot.work.ports import Sight


def policy_in(files: RepositoryFiles) -> tuple[Policy, tuple[Problem, ...]]:
    """The policy, or the default one with what is wrong with the file."""
    if files.policy is None:
        return DEFAULT_POLICY, ()
    try:
        return load_policy(files.policy), ()
    except PolicyError as error:
        return DEFAULT_POLICY, error.problems


def context_for(
    repository: Repository, files: RepositoryFiles, policy: Policy, slug: str, labels: Mapping[str, str] | None
) -> Context:
    """`labels` None: not known, so they are taken to exist. No issue counts as older than the installation."""
    return Context(
        repository=repository,
        checker=Checker(load(files.templates), policy.rules, policy.fillings),
        policy=policy,
        wording=Renderer(policy),
        app_slug=slug,
        known_labels=labels,
    )


def plan_for_event(
    event: Event, context: Context, installed: Sight, known: Mapping[int, Record], waiting: list[Command]
) -> Plan | None:
    """What this delivery would lead to; None where it leads to no look at an issue.

    `known`: the store's record of the issue, if there is one, and `waiting` the commands not yet carried out.
    """
    mirror = Mirror(dict(known), context.repository.id, context.app_slug)
    if not mirror.apply(event, Delivery(0, "", event.name, b"", 0, applied=False, attempts=0)):
        return None
    (look,) = mirror.looks.values()
    said = [*waiting, *(command for command in look.said if command.id not in {it.id for it in waiting})]
    return looks.plan(look, said, context, installed, datetime.now(UTC)).plan


def plan_as_filed(issue: Issue, context: Context) -> Plan:
    """What the bot would have done had it met this past issue, as it reads now, when it was new."""
    return decide(replace(issue, state="open", state_reason="", locked=False), context, NO_HISTORY, issue.created_at)


@dataclass(frozen=True, slots=True)
class Shown:
    """Stands for GitHub where there is no account: it shows what the delivery shows, and changes nothing."""

    only_issue: Issue
    known_comments: tuple[Comment, ...] = ()

    @property
    def reader(self) -> Shown:
        return self

    @property
    def writer(self) -> Shown:
        return self

    def issue(self, repo: Repository, number: int) -> Issue:
        if number != self.only_issue.number:
            raise NotFound(f"{repo.full_name}#{number} is not in the payload")
        return self.only_issue

    def comments(self, _repo: Repository, _number: int) -> tuple[Comment, ...]:
        return self.known_comments

    def changes(self, _repo: Repository, _number: int) -> tuple[Change, ...]:
        return ()

    def releases(self, repo: Repository) -> tuple[Release, ...]:
        raise NotFound(f"the releases of {repo.full_name} are not in the payload")

    def find_request(self, _repo: Repository, _number: int) -> Comment | None:
        return None

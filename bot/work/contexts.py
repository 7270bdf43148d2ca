"""What a decision needs of a repository: templates, policy and labels, compiled once and kept while they stay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from bot.forms.check import Checker
from bot.forms.load import load
from bot.recent import Recent
from bot.render import Renderer
from bot.store import journal, repositories
from bot.store.journal import Entry
from bot.store.times import from_ms
from bot.triage.decide import Context
from bot.triage.policy import DEFAULT_POLICY, Policy, PolicyError, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.forms.template import Problem
    from bot.github.reader import RepositoryFiles
    from bot.store.database import Database
    from bot.store.issues import Record
    from bot.store.repositories import Known
    from bot.triage.issue import Repository
    from bot.work.ports import Installed

log = structlog.get_logger(__name__)

_MOST_KEPT = 5_000_000
"""Bytes of templates and policies that are kept compiled, which takes some 15 times as much memory."""
_SURROUNDINGS = 4096
"""Bytes that a repository counts for beside its files."""
_CLOCKS_DIFFER = 60_000
"""Milliseconds between GitHub's clock, which tells whole seconds, and ours."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    files: RepositoryFiles
    changed_at: tuple[int, int]
    """When these had last changed, as deliveries told: what was in between, others may have taken down."""
    policy: Policy
    checker: Checker
    wording: Renderer


class Contexts:
    """Thread-safe."""

    def __init__(self, database: Database, slug: Callable[[], str]) -> None:
        self._database = database
        self._slug = slug
        self._kept: Recent[int, _Compiled] = Recent(_MOST_KEPT)

    def of(self, known: Known, installed: Installed, now: int) -> Context:
        """The repository's; asks GitHub only where nothing fresh is kept. Raises GitHubError.

        `known` as it stands in the database, which tells what other processes have heard of changes.
        """
        repository = known.repository
        files = installed.reader.files(repository, known.files_changed_at, known.shared_changed_at)
        kept = self._kept.get(repository.id)
        if kept is None or kept.changed_at != _changed_at(known) or (kept.files is not files and kept.files != files):
            kept = self._compile(known, files, now)
            self._kept.put(repository.id, kept, files.size + _SURROUNDINGS)
        return Context(
            repository=repository,
            checker=kept.checker,
            policy=kept.policy,
            wording=kept.wording,
            app_slug=self._slug(),
            known_labels=installed.reader.labels(repository, known.labels_changed_at),
        )

    def _compile(self, known: Known, files: RepositoryFiles, now: int) -> _Compiled:
        """Under the present policy; where that is broken the last good one goes on."""
        try:
            policy = DEFAULT_POLICY if files.policy is None else load_policy(files.policy)
        except PolicyError as error:
            policy = load_policy(known.good_policy) if known.good_policy else DEFAULT_POLICY
            wording = Renderer(policy)
            note = "The last good policy goes on." if known.good_policy else "The default policy goes on."
            self._take_down(known, None, error.problems, note, now)
        else:
            wording = Renderer(policy)
            note = "The built-in wording is used instead."
            self._take_down(known, files.policy or b"", wording.problems, note, now)
        policy.forget_places()
        checker = Checker(load(files.templates), policy.rules, policy.fillings)
        return _Compiled(files, _changed_at(known), policy, checker, wording)

    def _take_down(self, known: Known, good: bytes | None, problems: tuple[Problem, ...], note: str, now: int) -> None:
        """Keeps a good policy for later, and tells once what is wrong with the present one."""
        repository, wrong = known.repository, "\n".join(map(str, problems))
        if wrong == known.policy_problems and good in {None, known.good_policy or b""}:
            return
        with self._database.write() as connection:
            repositories.keep_policy(connection, repository.id, good, wrong)
            if wrong and wrong != known.policy_problems:
                log.warning("the policy is broken", repository=repository.full_name, problems=wrong)
                entry = Entry(repository.id, 0, "policy_broken", "noted", because=wrong, note=note, at=now)
                journal.write(connection, [entry])


def _changed_at(known: Known) -> tuple[int, int]:
    return known.files_changed_at, known.shared_changed_at


def for_issue(context: Context, known: Known, record: Record) -> Context:
    """Tells since when the bot looks after the repository.

    Where nobody saw the App being installed, that is the first delivery, and an issue whose opening was delivered
    is new whatever the clocks say.
    """
    since = known.installed_at
    if since is None and not record.opened_seen:
        since = known.first_seen
    return replace(context, installed_at=None if since is None else from_ms(since - _CLOCKS_DIFFER))


def touches_decisions(repository: Repository, branch: str, paths: frozenset[str] | None) -> bool:
    """Whether a push may have changed templates or policy."""
    from bot.forms.load import is_template_path  # noqa: PLC0415
    from bot.triage.policy import POLICY_PATH  # noqa: PLC0415

    if branch != repository.default_branch:
        return False
    return paths is None or any(path.lower() == POLICY_PATH or is_template_path(path) for path in paths)

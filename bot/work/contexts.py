"""What a decision needs of a repository: templates, policy and labels, compiled once and kept while they stay."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from bot.forms.check import Checker
from bot.forms.load import load
from bot.store import journal, repositories
from bot.store.journal import Entry
from bot.store.times import from_ms
from bot.triage.decide import Context
from bot.triage.policy import DEFAULT_POLICY, Policy, PolicyError, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.github.reader import RepositoryFiles
    from bot.store.database import Database
    from bot.store.issues import Record
    from bot.store.repositories import Known
    from bot.triage.issue import Repository
    from bot.triage.wording import Wording
    from bot.work.ports import Installed

log = structlog.get_logger(__name__)

_MOST_KEPT = 1000
"""Repositories; past that the one unused for longest is compiled anew when needed."""
_CLOCKS_DIFFER = 60_000
"""Milliseconds between GitHub's clock, which tells whole seconds, and ours."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    files: RepositoryFiles
    policy: Policy
    checker: Checker
    wording: Wording


class Contexts:
    """Thread-safe."""

    def __init__(self, database: Database, slug: Callable[[], str], wording: Callable[[Policy], Wording]) -> None:
        self._database = database
        self._slug = slug
        self._wording = wording
        self._kept: dict[int, _Compiled] = {}
        self._lock = threading.Lock()

    def of(self, known: Known, installed: Installed, now: int) -> Context:
        """The repository's; asks GitHub only where nothing fresh is kept. Raises GitHubError."""
        repository = known.repository
        files = installed.reader.files(repository)
        with self._lock:
            kept = self._kept.pop(repository.id, None)
        if kept is None or (kept.files is not files and kept.files != files):
            kept = self._compile(known, files, now)
        with self._lock:
            self._kept[repository.id] = kept
            if len(self._kept) > _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        return Context(
            repository=repository,
            checker=kept.checker,
            policy=kept.policy,
            wording=kept.wording,
            app_slug=self._slug(),
            known_labels=installed.reader.labels(repository),
        )

    def _compile(self, known: Known, files: RepositoryFiles, now: int) -> _Compiled:
        policy = self._policy(known, files, now)
        return _Compiled(files, policy, Checker(load(files.templates), policy.rules), self._wording(policy))

    def _policy(self, known: Known, files: RepositoryFiles, now: int) -> Policy:
        """The present one; where that is broken the last good one, and the journal says what is wrong."""
        repository = known.repository
        try:
            policy = DEFAULT_POLICY if files.policy is None else load_policy(files.policy)
            good, problems = files.policy or b"", ""
        except PolicyError as error:
            good, problems = None, "\n".join(map(str, error.problems))
            policy = load_policy(known.good_policy) if known.good_policy else DEFAULT_POLICY
        if problems != known.policy_problems or (good is not None and good != (known.good_policy or b"")):
            with self._database.write() as connection:
                repositories.keep_policy(connection, repository.id, good, problems)
                if problems and problems != known.policy_problems:
                    log.warning("the policy is broken", repository=repository.full_name, problems=problems)
                    note = "The last good policy goes on." if known.good_policy else "The default policy goes on."
                    entry = Entry(repository.id, 0, "policy_broken", "noted", because=problems, note=note, at=now)
                    journal.write(connection, [entry])
        return policy


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

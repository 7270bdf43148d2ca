"""Installations of the App, and the repositories it was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.store.database import insert_into
from bot.store.tables import bashes, fills, installations, maintainers, reports, repositories, texts, threads
from bot.triage.issue import SHARED, Repository

if TYPE_CHECKING:
    from collections.abc import Iterable

_MIRRORED = (fills, threads, texts, maintainers, reports, bashes)
"""The fills first: what is read from now on is read from the start."""


@dataclass(frozen=True, slots=True)
class Known:
    """A repository as last heard of."""

    repository: Repository
    installation_id: int | None
    installed_at: int | None
    """When the App was given it; None where the bot was not there to see."""
    first_seen: int
    removed: bool
    good_policy: bytes | None
    policy_problems: str
    files_changed_at: int = 0
    """When templates or policy may have changed, as deliveries told. To be compared for being the same alone: clocks
    of processes differ."""
    labels_changed_at: int = 0
    shared_changed_at: int = 0
    """`files_changed_at` of the owner's `.github`; 0 where the App has none."""

    @property
    def is_reachable(self) -> bool:
        """Whether GitHub can be asked: an installation covers it, and its name has not become another's."""
        return self.installation_id is not None and bool(self.repository.name)


_owners = repositories.alias("owners")
_SHARED = (
    sa.select(_owners.c.files_changed_at)
    .where(
        sa.func.lower(_owners.c.owner) == sa.func.lower(repositories.c.owner),
        sa.func.lower(_owners.c.name) == SHARED,
        _owners.c.removed.is_(False),
    )
    .limit(1)
    .scalar_subquery()
)
_ALL = sa.select(repositories, sa.func.coalesce(_SHARED, 0).label("shared_changed_at"))
_GET = _ALL.where(repositories.c.id == sa.bindparam("repository"))


def get(connection: sa.Connection, repository_id: int) -> Known | None:
    row = connection.execute(_GET, {"repository": repository_id}).one_or_none()
    return None if row is None else _known(row)


def every(connection: sa.Connection, installation_id: int | None = None) -> list[Known]:
    """All that are not removed, or those of one installation."""
    statement = _ALL.where(repositories.c.removed.is_(False)).order_by(repositories.c.id)
    if installation_id is not None:
        statement = statement.where(repositories.c.installation_id == installation_id)
    return [_known(row) for row in connection.execute(statement)]


def of_owner(connection: sa.Connection, owner: str) -> list[int]:
    """The ids of this account's repositories."""
    statement = sa.select(repositories.c.id).where(sa.func.lower(repositories.c.owner) == owner.lower())
    return list(connection.scalars(statement))


def is_named(connection: sa.Connection, owner: str, name: str) -> bool:
    """Whether a repository is known by this name."""
    return bool(connection.scalar(sa.select(sa.exists().where(*_by_name(owner, name)))))


def _by_name(owner: str, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (sa.func.lower(repositories.c.owner) == owner.lower(), sa.func.lower(repositories.c.name) == name.lower())


def lose_name(connection: sa.Connection, repository_id: int) -> None:
    """It has another name by now, which GitHub is yet to tell: nothing is asked or shown by the old one."""
    connection.execute(repositories.update().where(repositories.c.id == repository_id).values(name=""))


def _take_name(connection: sa.Connection, repository: Repository) -> None:
    """A name is one repository's: whichever had it before has another now."""
    others = (*_by_name(repository.owner, repository.name), repositories.c.id != repository.id)
    connection.execute(repositories.update().where(*others).values(name=""))


def _moved_in(values: dict[str, Any], installation_id: int) -> dict[str, Any]:
    """What follows another installation: the good policy of before may have been another owner's."""
    stayed = repositories.c.installation_id == installation_id
    return values | {
        "installation_id": installation_id,
        "good_policy": sa.case((stayed, repositories.c.good_policy), else_=None),
        "policy_problems": sa.case((stayed, repositories.c.policy_problems), else_=""),
    }


def see(connection: sa.Connection, repository: Repository, installation_id: int | None, now: int) -> None:
    """Takes over a repository's present name, page and installation (renamed and transferred ones keep their id).

    It does not undo a removal: the delivery may have been under way since before.
    """
    _take_name(connection, repository)
    values: dict[str, Any] = {
        "owner": repository.owner,
        "name": repository.name,
        "html_url": repository.html_url,
        "default_branch": repository.default_branch,
        "is_public": repository.is_public,
    }
    insert = insert_into(connection.dialect.name, repositories)
    new = insert.values(id=repository.id, first_seen=now, installation_id=installation_id, **values)
    known = values if installation_id is None else _moved_in(values, installation_id)
    connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=known))


def believable(connection: sa.Connection, given: Iterable[Repository], installation_id: int) -> list[Repository]:
    """Those of `given` that are taken to be this installation's now, though the news of it may be old.

    One that is here stays where it is, and under its name, until GitHub is asked (`bot/work/locating.py`); also where
    another bears that name now. Where an account has installed the App anew, that is not needed: it has one
    installation at a time, and the later one has the higher number.
    """
    some = [it for it in given if not _is_anothers_name(connection, it)]
    gone = sa.select(installations.c.id).where(installations.c.removed.is_(True))
    held = sa.select(repositories.c.id, repositories.c.owner, repositories.c.installation_id).where(
        repositories.c.id.in_([it.id for it in some]),
        repositories.c.removed.is_(False),
        repositories.c.installation_id.is_not(None),
        repositories.c.installation_id.not_in(gone),
    )
    here = {row.id: (row.owner.lower(), row.installation_id) for row in connection.execute(held)}
    anew = {id_: owner for id_, (owner, holder) in here.items() if holder < installation_id}
    return [it for it in some if it.id not in here or anew.get(it.id) == it.owner.lower()]


def _is_anothers_name(connection: sa.Connection, repository: Repository) -> bool:
    others = (repositories.c.id != repository.id, repositories.c.removed.is_(False))
    named = sa.exists().where(*_by_name(repository.owner, repository.name), *others)
    return bool(connection.scalar(sa.select(named)))


def install(
    connection: sa.Connection, given: Iterable[Repository], installation_id: int, now: int, *, told: bool = True
) -> None:
    """The App was given these. A default branch is not told then, so a known one stays.

    What is known of when one came that is here already stays, too, also that nobody knows: the news may be late. One
    that was not public is not taken to be so now: that is asked before anything of it is shown. Of those that were
    found without being `told` of, nobody knows when they came: no earlier than `now`, or never heard of before.
    """
    is_here = sa.and_(repositories.c.removed.is_(False), repositories.c.installation_id == installation_id)
    installed_at = now if told else None
    came = sa.case((is_here, repositories.c.installed_at), else_=installed_at)
    for repository in given:
        _take_name(connection, repository)
        values: dict[str, Any] = {
            "owner": repository.owner,
            "name": repository.name,
            "html_url": repository.html_url,
            "is_public": repository.is_public,
            "installed_at": installed_at,
            "removed": False,
        }
        insert = insert_into(connection.dialect.name, repositories)
        new = insert.values(
            id=repository.id,
            first_seen=now,
            default_branch=repository.default_branch,
            installation_id=installation_id,
            **values,
        )
        known = values | {
            "is_public": sa.and_(repositories.c.is_public, insert.excluded.is_public),
            "installed_at": came,
        }
        if not told:
            known["first_seen"] = sa.case((is_here, repositories.c.first_seen), else_=now)
        connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=_moved_in(known, installation_id)))


def came_with(
    connection: sa.Connection, repository_ids: Iterable[int], installation_id: int, installed_at: int
) -> None:
    """These are there since the installation is. Of one whose coming was not known, it is now."""
    unknown = (repositories.c.installation_id == installation_id, repositories.c.installed_at.is_(None))
    found = repositories.update().where(repositories.c.id.in_(list(repository_ids)), *unknown)
    connection.execute(found.values(installed_at=installed_at))


def remove(connection: sa.Connection, repository_ids: Iterable[int], installation_id: int | None = None) -> None:
    """The App lost these, or they are gone.

    With an installation only those that are still its own: one that was transferred may be another's by now.
    """
    ours = sa.true() if installation_id is None else repositories.c.installation_id == installation_id
    lost = repositories.update().where(repositories.c.id.in_(list(repository_ids)), ours)
    connection.execute(lost.values(removed=True))


def see_installation(
    connection: sa.Connection, installation_id: int, account: str, *, installed_at: int | None = None
) -> None:
    values: dict[str, Any] = {"account": account, "removed": False}
    if installed_at is not None:
        values["installed_at"] = installed_at
    statement = insert_into(connection.dialect.name, installations).values(id=installation_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


@dataclass(frozen=True, slots=True)
class KnownInstallation:
    id: int
    suspended: bool
    removed: bool


def installations_known(connection: sa.Connection) -> dict[int, KnownInstallation]:
    """By id; also those that only their repositories tell of."""
    named = connection.scalars(
        sa.select(repositories.c.installation_id)
        .where(repositories.c.installation_id.is_not(None), repositories.c.removed.is_(False))
        .distinct()
    )
    found = {id_: KnownInstallation(id_, suspended=False, removed=False) for id_ in named if id_ is not None}
    columns = (installations.c.id, installations.c.suspended, installations.c.removed)
    return found | {row.id: KnownInstallation(*row) for row in connection.execute(sa.select(*columns))}


def suspend(connection: sa.Connection, installation_id: int, *, suspended: bool) -> None:
    connection.execute(installations.update().where(installations.c.id == installation_id).values(suspended=suspended))


def uninstall(connection: sa.Connection, installation_id: int) -> None:
    connection.execute(installations.update().where(installations.c.id == installation_id).values(removed=True))
    lost = repositories.update().where(repositories.c.installation_id == installation_id)
    connection.execute(lost.values(removed=True))


def forget_lost(connection: sa.Connection, most: int) -> int:
    """Deletes what is mirrored of repositories that were removed, so many rows at most; how many.

    Given back, they are read again.
    """
    lost = sa.select(repositories.c.id).where(repositories.c.removed.is_(True))
    gone = 0
    for table in _MIRRORED:
        keys = list(table.primary_key)
        some = sa.select(*keys).where(table.c.repository_id.in_(lost)).limit(most - gone)
        gone += connection.execute(table.delete().where(sa.tuple_(*keys).in_(some))).rowcount
        if gone >= most:
            break
    return gone


def change(connection: sa.Connection, repository_id: int, now: int, *, files: bool, labels: bool) -> None:
    """What any process has read of these is not to be kept on. Never the same time twice."""
    changed = (repositories.c.files_changed_at,) * files + (repositories.c.labels_changed_at,) * labels
    values = {column.name: sa.case((column >= now, column + 1), else_=now) for column in changed}
    connection.execute(repositories.update().where(repositories.c.id == repository_id).values(**values))


def keep_policy(connection: sa.Connection, repository_id: int, good: bytes | None, problems: str) -> None:
    """Remembers the last good policy (None keeps the one there is) and what is wrong with the present one."""
    values: dict[str, Any] = {"policy_problems": problems}
    if good is not None:
        values["good_policy"] = good
    connection.execute(repositories.update().where(repositories.c.id == repository_id).values(**values))


def _known(row: sa.Row[Any]) -> Known:
    repository = Repository(row.id, row.owner, row.name, row.html_url, row.default_branch, row.is_public)
    return Known(
        repository=repository,
        installation_id=row.installation_id,
        installed_at=row.installed_at,
        first_seen=row.first_seen,
        removed=row.removed,
        good_policy=row.good_policy,
        policy_problems=row.policy_problems,
        files_changed_at=row.files_changed_at,
        labels_changed_at=row.labels_changed_at,
        shared_changed_at=row.shared_changed_at,
    )

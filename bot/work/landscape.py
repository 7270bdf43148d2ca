"""Deliveries that are about no single issue: the App installed or removed, repositories, labels and pushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store import issues, lanes, repositories, schedules
from bot.store.schedules import POLICY
from bot.store.times import to_ms
from bot.work.contexts import touches_decisions

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta

    from sqlalchemy import Connection

    from bot.github.events import Event
    from bot.triage.issue import Repository

_LONGEST_UNDER_WAY = 10 * 86_400_000
"""Milliseconds; for longer no GitHub keeps a delivery to send it again."""


def installed(connection: Connection, event: Event, received_at: int, recent: timedelta) -> None:
    """`installation` and `installation_repositories` events."""
    id_ = event.installation_id
    if id_ is None:
        return
    account = next((it.owner for it in (*event.repositories_added, *event.repositories_removed)), "")
    if event.name == "installation" and event.action == "deleted":
        repositories.uninstall(connection, id_)
        return
    began = _began(event, received_at)
    repositories.see_installation(connection, id_, account, installed_at=began)
    if event.name == "installation" and event.action in {"suspend", "unsuspend"}:
        suspended(connection, id_, received_at, recent, suspended=event.action == "suspend")
    if event.action in {"created", "added"}:
        given = repositories.believable(connection, event.repositories_added, id_)
        # When a single one was given is not told, and the news may be late.
        came, told = (received_at, False) if began is None else (began, True)
        repositories.install(connection, given, id_, came, told=told)
        if told:
            repositories.came_with(connection, [it.id for it in event.repositories_added], id_, came)
        begin_with(connection, [it.id for it in given], received_at)
    repositories.remove(connection, [repository.id for repository in event.repositories_removed], id_)


def begin_with(connection: Connection, repository_ids: Collection[int], now: int) -> None:
    """Has the policy of what was given looked into; and what authors may have mended, where it is given back.

    By the chore and not at once, since that asks GitHub first where the repository is: the news may be old.
    """
    schedules.put_all(connection, repository_ids, POLICY, now)
    for id_ in issues.with_open_requests(connection, repository_ids):
        schedules.note(connection, id_, POLICY, schedules.GIVEN_BACK)


def _began(event: Event, received_at: int) -> int | None:
    """When the App came to the account, if this tells.

    GitHub may have had to send the news again; what was filed meanwhile is no less new.
    """
    if event.name != "installation" or event.action != "created" or event.installed_at is None:
        return None
    at = to_ms(event.installed_at)
    return at if received_at - _LONGEST_UNDER_WAY <= at <= received_at else None


def suspended(connection: Connection, id_: int, now: int, recent: timedelta, *, suspended: bool) -> None:
    """Whether the App may do anything there has changed."""
    repositories.suspend(connection, id_, suspended=suspended)
    if not suspended:
        _resume(connection, id_, now, recent)


def _resume(connection: Connection, installation_id: int, now: int, recent: timedelta) -> None:
    """Goes on with what was held back, and looks at what authors may have mended while GitHub told nothing of it."""
    since = now - round(recent.total_seconds() * 1000)
    for known in repositories.every(connection, installation_id):
        id_ = known.repository.id
        lanes.mark_due(connection, lanes.of_repository(id_), now)
        issues.look_again_at_open_requests(connection, [id_], now, since)


def changed(connection: Connection, event: Event, repository: Repository, now: datetime, recent: timedelta) -> None:
    """What `repository`, `label` and `push` events change, beside what has been read (`changes_files`)."""
    match event.name, event.action:
        case "repository", "deleted":
            repositories.remove(connection, [repository.id])
        case "label", "edited" if event.renamed_from and event.label:
            issues.rename_label(connection, repository.id, event.renamed_from, event.label)
        case "push", _ if touches_decisions(repository, event.branch, event.paths):
            affected = {repository.id}
            if repository.is_shared:
                # The owner's other repositories fall back to this one's files.
                affected.update(repositories.of_owner(connection, repository.owner))
            schedules.put_all(connection, affected, POLICY, to_ms(now))
            issues.look_again_at_open_requests(connection, affected, to_ms(now), to_ms(now - recent))


def changes_files(event: Event) -> bool:
    """Whether templates or policy, as they were read, may no longer be so."""
    if event.repository is None:
        return False
    return event.name == "repository" or touches_decisions(event.repository, event.branch, event.paths)


def changes_labels(event: Event) -> bool:
    return event.name == "label"

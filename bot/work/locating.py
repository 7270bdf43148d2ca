"""Where a repository is: under which name, and by which installation; before any work on it begins.

Deliveries tell it, and come late, twice, or from somebody who got hold of an old one. So what one says is believed only
as long as it is what is known; that a repository has moved, or is public now, GitHub is asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import structlog

from bot.github.errors import Forbidden, NotFound
from bot.store import repositories, schedules
from bot.store.schedules import POLICY
from bot.work.landscape import begin_with, changes_files, changes_labels
from bot.work.pace import Pause, or_pause

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.github.events import Event
    from bot.store.database import Database
    from bot.store.deliveries import Delivery
    from bot.store.repositories import Known
    from bot.triage.issue import Repository
    from bot.work.ports import GitHub, Installed
    from bot.work.workshop import Workshop

log = structlog.get_logger(__name__)


def locate(
    shop: Workshop, repository_id: int, known: Known | None, events: list[tuple[Event, Delivery]], now: int
) -> Known | None:
    """The repository as the newest delivery shows it, and the installation that covers it. Raises Pause.

    That something read of it has changed is stored first, and work goes on by what is stored then: so all processes
    learn of it, and none keeps under the new time what it read before.
    """
    # One that is tried again shows the repository as it was: perhaps under an older name.
    news = [(event, it.received_at) for event, it in events if event.repository and not (known and it.applied)]
    if not news:
        return known
    files, labels = (any(told(event) for event, _ in news) for told in (changes_files, changes_labels))
    first = min(at for _, at in news)
    seen = _seen(shop, known, news[-1][0], first)
    if seen is None and not files and not labels:
        return known
    with shop.database.write() as connection:
        if seen is not None:
            repositories.see(connection, seen.repository, seen.installation_id, first)
            is_back = known is not None and known.removed and seen.asked
            if is_back and seen.installation_id is not None:
                repositories.install(connection, [seen.repository], seen.installation_id, first, told=False)
            if known is None:
                schedules.plan(connection, repository_id, POLICY, now)
            elif is_back or not known.repository.name:
                # What is done by the clock had to stop.
                begin_with(connection, [repository_id], now)
        if files or labels:
            repositories.change(connection, repository_id, now, files=files, labels=labels)
        return repositories.get(connection, repository_id)


class _Seen(NamedTuple):
    repository: Repository
    installation_id: int | None
    asked: bool
    """GitHub says so itself, and that the installation covers it."""


def _seen(shop: Workshop, known: Known | None, event: Event, told_at: int) -> _Seen | None:
    """The repository and its installation, where that is news and true. Raises Pause.

    `told_at`: when it came. GitHub may not show yet what is new, and whatever came from there would be dropped.
    """
    shown = event.repository
    if shown is None:
        return None
    installation_id = event.installation_id or (known.installation_id if known else None)
    if known is not None and (known.repository, known.installation_id) == (shown, installation_id):
        return None
    with shop.database.read() as connection:
        doubtful = _is_doubtful(connection, known, shown, installation_id)
    if not doubtful:
        return _Seen(shown, installation_id, asked=False)
    found = or_pause(shop.pace, lambda: _asked(shop.github, shown))
    if found is None:
        believed_at = told_at + round(1000 * shop.pace.lag)
        if shop.pace.now() < believed_at:
            message = f"GitHub does not show {shown.full_name} as a delivery does; it is asked once more"
            raise Pause(believed_at, message)
        log.warning("passed over where a delivery says that its repository is", shown=shown.full_name)
    return found


def _is_doubtful(connection: Connection, known: Known | None, shown: Repository, installation_id: int | None) -> bool:
    if known is None:
        return repositories.is_named(connection, shown.owner, shown.name)
    before = known.repository
    moved = before.full_name.lower() != shown.full_name.lower()
    return moved or known.installation_id != installation_id or (shown.is_public and not before.is_public)


def _asked(github: GitHub, shown: Repository) -> _Seen | None:
    """What GitHub says of that name now; None where it is no longer this repository's, or not covered."""
    try:
        installed = github.installation_of(shown.owner, shown.name)
        found = installed.reader.repository(shown.owner, shown.name)
    except (NotFound, Forbidden):
        return None
    return _Seen(found, installed.id, asked=True) if found.id == shown.id else None


def confirmed(database: Database, known: Known, installed: Installed) -> Known:
    """As GitHub has it now: news of a new name, or that it is public no more, may have got lost. Raises GitHubError."""
    before = known.repository
    try:
        found = installed.reader.repository(before.owner, before.name)
    except NotFound:
        found = replace(before, is_public=False)
    if found == before:
        return known
    with database.write() as connection:
        if found.id == before.id:
            # The installation stays as it is by now: a delivery may have told of another since.
            repositories.see(connection, found, None, known.first_seen)
        else:
            log.warning("another repository has its name now", repository=before.full_name)
            repositories.lose_name(connection, before.id)
        return repositories.get(connection, before.id) or known

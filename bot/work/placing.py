"""Where a batch of deliveries belongs: takes down what they say of their repository before work on it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store import repositories
from bot.work.landscape import changes_files, changes_labels

if TYPE_CHECKING:
    from bot.github.events import Event
    from bot.store.database import Database
    from bot.store.deliveries import Delivery
    from bot.store.repositories import Known


def place(
    database: Database, repository_id: int, known: Known | None, events: list[tuple[Event, Delivery]], now: int
) -> Known | None:
    """The repository as the newest delivery shows it, and the installation that covers it.

    That something read of it has changed is stored first, and work goes on by what is stored then: so all processes
    learn of it, and none keeps under the new time what it read before.
    """
    # One that is tried again shows the repository as it was: perhaps under an older name.
    news = [(event, it.received_at) for event, it in events if event.repository and not (known and it.applied)]
    if not news:
        return known
    files, labels = (any(told(event) for event, _ in news) for told in (changes_files, changes_labels))
    shown = news[-1][0]
    installation_id = shown.installation_id or (known.installation_id if known else None)
    same = known is not None and (known.repository, known.installation_id) == (shown.repository, installation_id)
    if same and not files and not labels:
        return known
    with database.write() as connection:
        if not same and shown.repository is not None:
            repositories.see(connection, shown.repository, installation_id, min(at for _, at in news))
        if files or labels:
            repositories.change(connection, repository_id, now, files=files, labels=labels)
        return repositories.get(connection, repository_id)

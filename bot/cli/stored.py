"""The service's database, for commands that look into what is stored already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.store.database import Database


def stored(settings: Settings) -> Database:
    """Opens the database that the service made; never makes one. Raises StoreError."""
    from bot.store.database import Database, StoreError

    if settings.database_file and not settings.database_file.exists():
        raise StoreError(f"there is no database at {settings.database_file} yet: name the service's --data-dir.")
    database = Database(settings.database_url)
    database.migrate()
    return database

"""The database that a URI names, with or without `+autolog` in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from autolog import uris
from autolog.store.plugin import DRIVER

SERVERS = frozenset({"http", "https", "databricks", "databricks-uc", "uc"})
EXAMPLE = "Give one such as sqlite+autolog:///mlflow.db or postgresql+autolog://user@host/database."


class Unusable(Exception):
    """What cannot be done with a URI or its database, and how to mend it: for people, without a secret."""

    def __init__(self, why: str, mend: str) -> None:
        super().__init__(f"{why}. {mend}")
        self.why, self.mend = why, mend


@dataclass(frozen=True)
class Address:
    """A database's URI."""

    uri: str
    """As it was given, with its password."""

    @cached_property
    def url(self) -> URL:
        """The same in its parts."""
        return make_url(self.uri)

    @property
    def database(self) -> str:
        """`sqlite`, `postgresql` or another of SQLAlchemy's names."""
        return self.url.get_backend_name()

    @property
    def chosen(self) -> bool:
        """Whether MLflow makes a store of ours for it."""
        return self.url.drivername.partition("+")[2] == DRIVER

    @property
    def ours(self) -> str:
        """The URI for a store of ours, with its password."""
        return f"{self.database}+{DRIVER}:{self.uri.partition(':')[2]}"

    @property
    def shown(self) -> str:
        """As it was given, without a secret."""
        return uris.public(self.uri)

    @property
    def shown_ours(self) -> str:
        """The URI to give to MLflow, without a secret."""
        return uris.public(self.ours)

    @property
    def left_out(self) -> str:
        """What is to be put back into a URI that is shown: for a sentence that tells to use it."""
        return " (with its user and password)" if self.url.username else ""

    @property
    def file(self) -> Path | None:
        """SQLite's file; None for another database, or one in memory."""
        name = self.url.database if self.database == "sqlite" else None
        if not name or name == ":memory:":
            return None
        # https://docs.sqlalchemy.org/en/latest/dialects/sqlite.html#uri-connections
        return Path(name.removeprefix("file:").partition("?")[0] if self.url.query.get("uri") else name)

    def without_secrets(self, text: str) -> str:
        """`text`, such as an error's, without users and passwords."""
        text = uris.scrubbed(text)
        return text.replace(str(self.url.password), "***") if self.url.password else text


def address_of(uri: str) -> Address:
    """Read a database's URI.

    Raises:
        Unusable: it is none.
    """
    if uri.partition(":")[0].lower() in SERVERS:
        raise Unusable(
            f"{uris.public(uri)} is a tracking server, and its database is not seen from here",
            "Give the URI that the server was started with, as --backend-store-uri.",
        )
    try:
        address = Address(uri)
        database = address.database
    except (ArgumentError, ValueError):
        raise Unusable("That is not the URI of a database", EXAMPLE) from None
    if database == "sqlite" and address.file is None:
        raise Unusable("A database in memory is another one for each program", EXAMPLE)
    return address

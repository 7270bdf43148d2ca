"""Tracking URIs: made absolute, and shown without credentials."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote_plus, urlsplit

_URL = re.compile(r"[A-Za-z][\w+.-]*://\S+")
_QUERY = re.compile(r"\?\S*=\S*")
_HARMLESS = re.compile(
    r"host|hostaddr|port|unix_socket|dbname|db|database|service|schema|search_path|options|driver|charset|"
    r"client_encoding|collation|application_name|isolation_level|sslmode|ssl_mode|encrypt|trustservercertificate|"
    r"trusted_connection|target_session_attrs|connect_timeout|timeout|mode|cache|uri|vfs|nolock|immutable|"
    r"wal|synchronous|busy_timeout"
)
"""What the query of a database's address says about where it is and how it is reached. Secrets have too many names."""
_FILES = ("sqlite", "file")
"""Schemes of addresses that are paths on this machine, where an `@` is a letter like others."""


def absolute(uri: str) -> str:
    """The URI of a file on this machine with its whole path, so that it means the same from another folder."""
    parts = urlsplit(uri)
    if parts.scheme.split("+")[0] == "sqlite" and not parts.netloc:
        # sqlite:///relative and sqlite:////absolute: https://docs.sqlalchemy.org/core/engines.html#sqlite
        path, query = parts.path[1:], f"?{parts.query}" if parts.query else ""
        if path and path != ":memory:" and not Path(path).is_absolute():
            return f"{parts.scheme}:///{Path(path).absolute()}{query}"
        return uri
    if not parts.scheme and uri and uri not in {"databricks", "databricks-uc", "uc"}:
        return Path(uri).absolute().as_uri()
    return uri


def public(uri: str) -> str:
    """The URI without user, password and whatever in its query may be secret.

    A password may hold `/`, `?`, `#` and `@` as it is: SQLAlchemy reads on to an `@`, where the standard would have the
    host end. So all goes that stands before the last `@`. An `@` behind the host has to be written `%40`, to be kept.
    """
    scheme, separator, rest = uri.partition("://")
    files = scheme.lower().split("+")[0] in _FILES and rest.startswith("/")
    if not files:
        rest = (rest if separator else uri).rpartition("@")[2].partition("#")[0]
    path, _, query = rest.partition("?")
    query = _harmless(query)
    shown = f"{path}?{query}" if query else path
    return f"{scheme}{separator}{shown}" if separator else shown


def _harmless(query: str) -> str:
    """The part of it that is known to hold no secret."""
    pairs = re.split("[&;]", query)
    return "&".join(pair for pair in pairs if _HARMLESS.fullmatch(unquote_plus(pair.partition("=")[0]).lower()))


def scrubbed(text: str) -> str:
    """`text`, such as an error's, with each address in it, and each query, as `public` shows it."""
    text = _URL.sub(lambda found: public(found[0]), text)
    return _QUERY.sub(lambda found: f"?{_harmless(found[0][1:])}".rstrip("?"), text)


def store_of(uri: str) -> str:
    """The kind of tracking store in one word: `http`, `sqlite`, `postgresql`, `file`, `databricks` and so on."""
    scheme = urlsplit(uri).scheme.lower().split("+")[0]
    if uri.startswith("databricks") or scheme in {"databricks", "uc"}:
        return "databricks"
    return {"": "file", "https": "http", "postgres": "postgresql"}.get(scheme, scheme)


def has_page(uri: str) -> bool:
    """Whether a browser finds MLflow's own pages there."""
    return urlsplit(uri).scheme in {"http", "https"}

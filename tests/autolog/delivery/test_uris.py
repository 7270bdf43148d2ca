"""Tracking URIs are kept without what is secret in them, and mean the same from another folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autolog import uris
from autolog.outcome import reason

SECRETS = st.text(min_size=1).map(lambda text: f"s3cret{quote(text, safe='')}")
AS_TYPED = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1).map(
    lambda text: f"s3cret{text}s3cret"
)
"""As people write passwords, though `/`, `?`, `#` and `@` should be written otherwise."""
SCHEMES = st.sampled_from(["http", "https", "postgresql", "mysql+pymysql", "mssql+pyodbc"])


@given(SECRETS, SECRETS, SCHEMES)
def test_neither_user_nor_password_is_in_what_is_shown(user: str, password: str, scheme: str):
    shown = uris.public(f"{scheme}://{user}:{password}@host:5000/path?sslmode=on&password={password}&sslkey={user}")
    assert shown == f"{scheme}://host:5000/path?sslmode=on"
    error = ValueError(f"cannot reach {scheme}://{user}:{password}@host/x, or {scheme}://{user}@host")
    assert reason(error) == f"ValueError: cannot reach {scheme}://host/x, or {scheme}://host"


@given(AS_TYPED, SCHEMES)
@example("pa/ss", "postgresql")
@example("p@ss", "https")
@example("p@s/s?s=s#s@s", "https")
def test_a_password_may_hold_any_sign(password: str, scheme: str):
    for before in ("user:", ":", ""):
        uri = f"{scheme}://{before}{password}@host/db"
        assert uris.public(uri) == f"{scheme}://host/db"
        assert uris.scrubbed(f"cannot reach '{uri}' now") == f"cannot reach '{scheme}://host/db' now"


@pytest.mark.parametrize(
    "name",
    ["pass", "auth", "sas", "sig", "token", "key", "secret", "user", "passwd", "X-Amz-Signature", "%70wd", "new"],
)
def test_of_a_query_only_what_is_known_to_hold_no_secret_is_shown(name: str):
    for separator in ("&", ";"):
        uri = f"postgresql:///db?host=db1{separator}{name}=s3cret{separator}sslmode=on"
        assert uris.public(uri) == "postgresql:///db?host=db1&sslmode=on"
    assert uris.scrubbed(f"GET https://host/x?{name}=s3cret failed") == "GET https://host/x failed"
    assert uris.scrubbed(f"Max retries exceeded with url: /x?{name}=s3cret (refused)") == (
        "Max retries exceeded with url: /x (refused)"
    )


def test_a_password_inside_of_a_connection_string_is_not_shown():
    uri = "mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BODBC%7D%3BPWD%3Ds3cret"
    assert uris.public(uri) == "mssql+pyodbc:///"
    assert uris.scrubbed(f"cannot reach {uri}") == "cannot reach mssql+pyodbc:///"


@pytest.mark.parametrize("uri", ["user:s3cret@host/db", "s3cret@host/db", "postgresql:user:s3cret@host/db"])
def test_what_is_no_uri_is_shown_without_what_may_be_a_password(uri: str):
    assert uris.public(uri) == "host/db"


@given(st.text(), SCHEMES | st.sampled_from(["sqlite", "file"]))
def test_what_is_shown_is_shown_the_same_again(text: str, scheme: str):
    once = uris.public(f"{scheme}://{text}")
    assert uris.public(once) == once


@pytest.mark.parametrize(
    "uri",
    ["sqlite:////home/me@work/mlflow.db", "http://host:5000", "file:///runs", "databricks", "databricks://profile",
     "sqlite:///:memory:", "https://host/path/", "sqlite:////home/me#1@work/a.db?timeout=5"],
)  # fmt: skip
def test_one_without_a_secret_stays_as_it_is(uri: str):
    assert uris.public(uri) == uri
    assert uris.absolute(uri) == uri


def test_one_of_files_has_their_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert uris.absolute("sqlite:///mlflow.db") == f"sqlite:///{tmp_path}/mlflow.db"
    assert uris.absolute("sqlite:///sub/mlflow.db?a=b") == f"sqlite:///{tmp_path}/sub/mlflow.db?a=b"
    assert uris.absolute("./mlruns") == (tmp_path / "mlruns").as_uri()


@pytest.mark.parametrize(
    ("uri", "store"),
    [("http://host", "http"), ("https://host", "http"), ("sqlite:///a", "sqlite"), ("postgres://h", "postgresql"),
     ("mysql+pymysql://h", "mysql"), ("./mlruns", "file"), ("file:///a", "file"), ("databricks-uc", "databricks")],
)  # fmt: skip
def test_the_kind_of_store_is_one_word(uri: str, store: str):
    assert uris.store_of(uri) == store

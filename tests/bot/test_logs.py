"""Logs: one line an event, with its delivery, and never a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import REDACTED, Redactor, Seldom, configure_logs, redactor
from tests.fakes.service import new_key

KEY = new_key()


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    others = {name: logging.getLogger(name).level for name in ("dbos", "github", "uvicorn", "sqlalchemy")}
    yield
    root.handlers, root.level = handlers, level
    for name, before in others.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def written(level: str = "info") -> tuple[io.StringIO, Any]:
    stream = io.StringIO()
    configure_logs(level, stream)
    return stream, structlog.get_logger("bot.test")


def test_an_event_is_one_json_line_with_its_delivery():
    stream, log = written()
    with structlog.contextvars.bound_contextvars(delivery="d-1"):
        log.info("labelled", issue=7)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["issue"], line["delivery"], line["level"]) == ("labelled", 7, "d-1", "info")


def test_where_several_write_to_one_stream_each_line_says_who():
    stream = io.StringIO()
    configure_logs("info", stream, process="worker-2")
    structlog.get_logger("bot.test").info("labelled")
    logging.getLogger("github.Requester").warning("worth a line")
    assert [json.loads(line)["process"] for line in stream.getvalue().splitlines()] == ["worker-2"] * 2


def test_the_level_is_kept_and_libraries_are_quiet():
    stream, log = written("info")
    log.debug("too much")
    logging.getLogger("github.Requester").info("every request")
    assert stream.getvalue() == ""
    logging.getLogger("github.Requester").warning("worth a line")
    assert json.loads(stream.getvalue())["event"] == "worth a line"


@pytest.mark.parametrize(
    "secret",
    [
        "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
        "github_pat_11ABCDEFG0abcdefghijklmnop",
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMiJ9.c2lnbmF0dXJl",
        KEY,
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    ],
)
def test_what_looks_like_a_secret_is_never_written(secret: str):
    stream, log = written()
    log.info("sent %s", secret, headers={"x": secret}, nested=[{"deep": secret}])
    logging.getLogger("somebody.else").error("failed with %s", secret)
    try:
        int(secret)
    except ValueError:
        log.exception("broke")
    text = stream.getvalue()
    assert text.count(REDACTED) >= 4
    for part in secret.splitlines():
        assert part not in text
    for line in text.splitlines():
        json.loads(line)


def test_a_database_password_is_never_written():
    stream, log = written()
    log.info("connecting", url="postgresql://triage:hunter2@db/triage")
    assert "hunter2" not in stream.getvalue()
    assert "@db/triage" in stream.getvalue()


def test_a_learnt_secret_is_never_written_even_when_json_escapes_it():
    redactor.learn(['back\\slash "quoted" webhook secret'])
    stream, log = written()
    log.info("oops", secret='back\\slash "quoted" webhook secret')
    assert "quoted" not in stream.getvalue()


@given(st.text(min_size=6), st.text(), st.text())
def test_a_learnt_secret_never_stays_in_any_text(secret: str, before: str, after: str):
    redact = Redactor()
    redact.learn([secret])
    shown = redact(f"{before}{secret}{after}")
    assert secret not in shown.replace(REDACTED, "") or secret in REDACTED


def test_words_that_are_no_secrets_stay():
    text = "label needs-info added to octo/repo#7 by token bucket, took 12 ms"
    assert Redactor()(text) == text


def test_a_terminal_gets_plain_lines():
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    configure_logs("info", stream)
    structlog.get_logger("bot.test").info("hello", token="ghs_16C7e42F292c6912E7710c838347Ae178B4a")
    assert "hello" in stream.getvalue()
    assert "ghs_" not in stream.getvalue()


def test_a_line_of_code_that_complains_at_each_turn_is_heard_now_and_then():
    now = 100.0
    seldom = Seldom(10, lambda: now)

    def heard(line: int, level: int = logging.WARNING) -> bool:
        return seldom.filter(logging.LogRecord("dbos", level, "queue.py", line, "no connection", None, None))

    assert heard(1)
    assert heard(2)
    now += 9
    assert not heard(1)
    assert heard(1, logging.ERROR)
    now += 1
    assert heard(1)
    assert not heard(1)

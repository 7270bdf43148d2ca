"""Structured logs on stderr: JSON lines (plain ones on a terminal) that no secret or token passes through."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from structlog.typing import Processor, WrappedLogger

REDACTED = "[redacted]"
_SHORTEST = 6

# No \b before them: on a terminal a colour's code, which ends in a letter, may stand there.
_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\w+/=\s-]|\\+[nr])*"  # its lines may be cut, or escaped by JSON
    r"|gh[oprsu]_[\w.-]{20,}|github_pat_\w{20,}"  # GitHub's tokens
    r"|eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"  # the App's signed tokens
    r"|(?<=://)[^\s/:@\"']*:[^\s/@\"']+(?=@)"  # user and password in a URL
    r"|(?i:(?<=bearer )|(?<=token ))[\w.~+/=-]{16,}"
    r"|sha(?:1|256)=[0-9a-f]{16,}"  # a delivery's signature
)
_QUIET = ("dbos", "github", "urllib3", "sqlalchemy", "alembic", "uvicorn", "asyncio")
"""Libraries heard from a warning on: at `info` they tell of every request and poll."""


class Redactor:
    """Takes secrets out of a finished line: those it was told of, and whatever has the shape of one."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()

    def learn(self, secrets: Iterable[str]) -> None:
        """From now on these never appear. A secret of a few letters would blot out words: it has no place in use."""
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                self._known |= {secret, json.dumps(secret, ensure_ascii=False)[1:-1]}

    def __call__(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, REDACTED)
        return _SHAPES.sub(REDACTED, text)


redactor = Redactor()
"""The process's one: a secret must stay hidden whichever library logs it."""


class Seldom(logging.Filter):
    """Lets a line of code speak once in so many seconds; an error always, as each may be another one."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._clock = clock
        self._spoke: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR:
            return True
        line, now = (record.pathname, record.lineno), self._clock()
        if now < self._spoke.get(line, -self._seconds) + self._seconds:
            return False
        self._spoke[line] = now
        return True


def configure_logs(level: str, stream: TextIO | None = None, *, process: str = "") -> None:
    """Sends structlog and the standard library's loggers through one formatter. To be called once, at start.

    `process`: a name that each line bears, where several processes write to one stream.
    """
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if process:
        shared.append(lambda _logger, _method, line: {**line, "process": process})
    finish: list[Processor]
    if stream.isatty():
        finish = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    else:
        finish = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish, _redact],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(max(logging.getLevelName(level.upper()), logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _redact(_logger: WrappedLogger, _method: str, line: Any) -> str:
    return redactor(str(line))

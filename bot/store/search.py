"""Finds issues and pages that are like an issue: full text in the database, the likeness of titles on what it found."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from bot.issuebash import conversation
from bot.issuebash.desk import Likeness, Page
from bot.issuebash.signature import signature
from bot.store.database import execute_many, insert_into
from bot.store.tables import texts

if TYPE_CHECKING:
    from bot.issuebash.thread import Thread

_WORD = re.compile(r"[^\W_][\w.]*[^\W_]|[^\W_]")
_COMMON_WORDS = """
    a an and any are as at be been but by can cannot could do does doing don t for from get getting give gives had has
    have how i if in into is it its just me my no not of on or our should so some still that the their them then there
    these they this to up us use used using want was we were what when where which while who why will with without would
    you your bug issue error problem question help please feature request wrong fail fails failed failing work works
    working title docs documentation python
"""
_COMMON = frozenset(_COMMON_WORDS.split())
"""Words that say nothing of what an issue is about."""
_MOST_TERMS = 12
_CANDIDATES = 20


def terms(text: str) -> tuple[str, ...]:
    """The telling words of a title, each once, in order."""
    words = (word.lower() for word in _WORD.findall(text))
    return tuple(dict.fromkeys(word for word in words if word not in _COMMON and len(word) > 1))


def likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """The share of telling words that two titles have in common, 0 to 1; longer words count for more."""
    if not one or not other:
        return 0.0
    mine, theirs = set(one), set(other)
    weight = sum(len(word) for word in mine & theirs)
    return weight / sum(len(word) for word in mine | theirs)


def index_issues(
    connection: sa.Connection, repository_id: int, found: Iterable[Thread], maintainers: Collection[str]
) -> None:
    """Takes over what is searched of them."""
    rows = []
    for thread in found:
        shown = signature(thread.issue.body)
        rows.append(
            {
                "repository_id": repository_id,
                "number": thread.number,
                "path": "",
                "title": thread.issue.title,
                "words": "" if shown is None else f"{shown.kind} {shown.message}",
                "signature": "" if shown is None else str(shown),
                "url": thread.url,
                "open": thread.issue.state == "open",
                "answered": conversation.first_response_at(thread, maintainers) is not None,
            }
        )
    execute_many(connection, _save(connection.dialect.name), rows)


def index_pages(connection: sa.Connection, repository_id: int, pages: Iterable[tuple[str, str, str, str]]) -> None:
    """Takes over all pages of the documentation, as (path, title, headings, url), and forgets others."""
    rows = [
        {
            "repository_id": repository_id,
            "number": 0,
            "path": path,
            "title": title,
            "words": headings,
            "signature": "",
            "url": url,
            "open": False,
            "answered": False,
        }
        for path, title, headings, url in pages
    ]
    kept = [row["path"] for row in rows]
    here = (texts.c.repository_id == repository_id, texts.c.number == 0)
    connection.execute(texts.delete().where(*here, texts.c.path.not_in(kept)))
    execute_many(connection, _save(connection.dialect.name), rows)


def forget_issues(connection: sa.Connection, repository_id: int, numbers: Collection[int]) -> None:
    if numbers:
        here = (texts.c.repository_id == repository_id, texts.c.number.in_(list(numbers)), texts.c.number != 0)
        connection.execute(texts.delete().where(*here))


class Search:
    """Answers for one repository, over one connection: a `Similar`."""

    def __init__(self, connection: sa.Connection, repository_id: int) -> None:
        self._connection = connection
        self._repository_id = repository_id

    def issues(self, thread: Thread, most: int) -> tuple[Likeness, ...]:
        own = terms(thread.issue.title)
        rows = self._matching(own[:_MOST_TERMS], pages=False)
        found = [
            Likeness(
                number=row.number,
                title=row.title,
                url=row.url,
                state="open" if row.open else "closed",
                answered=row.answered,
                likeness=likeness(own, terms(row.title)),
                signature=row.signature,
            )
            for row in rows
            if row.number != thread.number
        ]
        return tuple(sorted(found, key=lambda it: (-it.likeness, it.number))[:most])

    def pages(self, thread: Thread, most: int) -> tuple[Page, ...]:
        own = terms(thread.issue.title)
        rows = self._matching(own[:_MOST_TERMS], pages=True)
        found = [Page(row.title, row.url, _covered(own, terms(f"{row.title} {row.words}"))) for row in rows]
        return tuple(sorted(found, key=lambda it: (-it.likeness, it.title))[:most])

    def _matching(self, words: Sequence[str], *, pages: bool) -> Sequence[sa.Row[Any]]:
        if not words:
            return ()
        is_sqlite = self._connection.dialect.name == "sqlite"
        wanted = " OR ".join(f'"{word}"' for word in words) if is_sqlite else " | ".join(f"'{word}'" for word in words)
        return self._connection.execute(
            _query(is_sqlite=is_sqlite, pages=pages),
            {"words": wanted, "repository": self._repository_id, "most": _CANDIDATES},
        ).all()


def _covered(wanted: Sequence[str], found: Sequence[str]) -> float:
    """How much of the first is in the second."""
    there = set(found)
    return sum(len(word) for word in wanted if word in there) / sum(map(len, wanted)) if wanted else 0.0


@cache
def _query(*, is_sqlite: bool, pages: bool) -> sa.TextClause:
    columns = "texts.number, texts.title, texts.words, texts.url, texts.open, texts.answered, texts.signature"
    kind = "texts.number = 0" if pages else "texts.number <> 0"
    if is_sqlite:
        return sa.text(
            f"SELECT {columns} FROM texts_index JOIN texts ON texts.id = texts_index.rowid"  # noqa: S608 fixed words
            f" WHERE texts_index MATCH :words AND texts.repository_id = :repository AND {kind}"
            " ORDER BY bm25(texts_index, 2.0, 1.0) LIMIT :most"
        )
    document = "(setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', words), 'B'))"
    return sa.text(
        f"SELECT {columns} FROM texts WHERE texts.repository_id = :repository AND {kind}"  # noqa: S608 fixed words
        f" AND {document} @@ to_tsquery('english', :words)"
        f" ORDER BY ts_rank({document}, to_tsquery('english', :words)) DESC LIMIT :most"
    )


@cache
def _save(dialect: str) -> Any:
    insert = insert_into(dialect, texts)
    values = {name: insert.excluded[name] for name in ("title", "words", "signature", "url", "open", "answered")}
    return insert.on_conflict_do_update(index_elements=["repository_id", "number", "path"], set_=values)

"""Finds issues and pages that are like an issue: full text in the database, the likeness of titles on what it found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import cache
from heapq import nsmallest
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
    working title docs documentation python possible mean means best way between
"""
_COMMON = frozenset(_COMMON_WORDS.split())
"""Words that say nothing of what an issue is about."""
_MOST_TERMS = 12
_CANDIDATES = 1000
"""Rows that are compared; few searches meet so many."""
_MOST_MET = 500
"""Issues with one of the rarest words that are looked at; or those with the rarest alone, should they be more."""


def terms(text: str) -> tuple[str, ...]:
    """The telling words of a title, each once, in order."""
    return tuple(dict.fromkeys(it for it in _WORD.findall(text.lower()) if len(it) > 1 and it not in _COMMON))


def likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """The share of telling words that two titles have in common, 0 to 1; longer words count for more."""
    if not one or not other:
        return 0.0
    mine, theirs = set(one), set(other)
    return sum(map(len, mine & theirs)) / sum(map(len, mine | theirs))


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
                "answered": conversation.was_answered(thread, maintainers),
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
    """Answers for one repository, over one connection: a `Similar`. Of words it remembers how frequent they are."""

    def __init__(self, connection: sa.Connection, repository_id: int) -> None:
        self._connection = connection
        self._repository_id = repository_id
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._frequencies: dict[str, int] = {}
        self._shared: frozenset[str] | None = None
        self._pages: tuple[Page, ...] | None = None
        self._pages_with: dict[str, list[int]] = {}

    def issues(self, thread: Thread, most: int) -> tuple[Likeness, ...]:
        own = terms(thread.issue.title)
        if not own:
            return ()
        wanted = self._wanted(sorted(own[:_MOST_TERMS], key=self._frequency))
        rows = self._connection.execute(
            _query(is_sqlite=self._is_sqlite),
            {"repository": self._repository_id, "most": _CANDIDATES, **self._asked(wanted)},
        )
        # A title that lacks half of it as text lacks half of the words, which take longer to find.
        half = sum(map(len, own)) / 2
        near = [row for row in rows.all() if _held(own, row.title.lower()) >= half]
        return _likest(thread, near, most)

    def same_error(self, thread: Thread, signature: str, most: int) -> tuple[Likeness, ...]:
        """Most errors are shown once: asking for each would take most of a report's time."""
        if self._shared is None:
            self._shared = frozenset(self._connection.scalars(_SHARED, {"repository": self._repository_id}))
        if signature not in self._shared:
            return ()
        rows = self._connection.execute(
            _SAME_ERROR, {"signature": signature, "repository": self._repository_id, "most": _CANDIDATES}
        )
        return _likest(thread, rows.all(), most)

    def pages(self, thread: Thread, most: int) -> tuple[Page, ...]:
        """There are few of them, and each question asks for them: they are held, by their words."""
        if self._pages is None:
            self._pages = self._read_pages()
        own = terms(thread.issue.title)
        found: Counter[int] = Counter()
        for word in own:
            for place in self._pages_with.get(word, ()):
                found[place] += len(word)
        weight = sum(map(len, own))
        likest = [replace(self._pages[place], likeness=shared / weight) for place, shared in found.items()]
        return tuple(sorted(likest, key=lambda it: (-it.likeness, it.title))[:most])

    def _read_pages(self) -> tuple[Page, ...]:
        here = (texts.c.repository_id == self._repository_id, texts.c.number == 0)
        rows = self._connection.execute(sa.select(texts.c.title, texts.c.words, texts.c.url).where(*here)).all()
        for place, row in enumerate(rows):
            for word in terms(f"{row.title} {row.words}"):
                self._pages_with.setdefault(word, []).append(place)
        return tuple(Page(row.title, row.url) for row in rows)

    def _wanted(self, words: Sequence[str]) -> str:
        """What to match, of words that begin with the rarest: one of the rarest, and beside a light one another.

        What is left out weighs less than half, so that nothing that is so like is lost, or is frequent here: titles
        that share nothing rarer are about different things. So a search takes no longer in a large repository.
        """
        left, met = sum(map(len, words)), 0
        half = left / 2
        parts: list[str] = []
        for word in words:
            met += self._frequency(word)
            if left < half or (parts and met > _MOST_MET):
                break
            left -= len(word)
            others = [self._quoted(one) for one in words if one != word]
            beside = f" {self._and} ({self._or.join(others)})" if len(word) < half else ""
            parts.append(f"({self._quoted(word)}{beside})")
        return self._or.join(parts)

    def _frequency(self, word: str) -> int:
        if word not in self._frequencies:
            counted = self._connection.scalar(_count(is_sqlite=self._is_sqlite), self._asked(self._quoted(word)))
            self._frequencies[word] = counted or 0
        return self._frequencies[word]

    def _asked(self, words: str) -> dict[str, str]:
        return {"words": words} if self._is_sqlite else {"words": words, "here": f"'#{self._repository_id}'"}

    def _quoted(self, word: str) -> str:
        return f'"{word}"' if self._is_sqlite else f"'{word}'"

    @property
    def _or(self) -> str:
        return " OR " if self._is_sqlite else " | "

    @property
    def _and(self) -> str:
        return "AND" if self._is_sqlite else "&"


def _held(words: Sequence[str], title: str) -> int:
    """Characters of those words that stand in the title somewhere, be it within others."""
    return sum(len(word) for word in words if word in title)


def _likest(thread: Thread, rows: Iterable[sa.Row[Any]], most: int) -> tuple[Likeness, ...]:
    own = terms(thread.issue.title)
    found = ((likeness(own, terms(row.title)), row) for row in rows if row.number != thread.number)
    return tuple(
        Likeness(
            number=row.number,
            title=row.title,
            url=row.url,
            state="open" if row.open else "closed",
            answered=row.answered,
            likeness=alike,
        )
        for alike, row in nsmallest(most, found, key=lambda it: (-it[0], it[1].number))
    )


_COLUMNS = "texts.number, texts.title, texts.url, texts.open, texts.answered"
# With the repository as one more word, which no text can hold: else a search in one goes through all that others say.
_DOCUMENT = (
    "(setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', words), 'B')"
    " || array_to_tsvector(ARRAY['#' || repository_id::text]))"
)
_WANTED = "(CAST(:here AS tsquery) && to_tsquery('english', :words))"
_SAME_ERROR = sa.text(
    f"SELECT {_COLUMNS} FROM texts"  # noqa: S608 fixed words
    " WHERE texts.repository_id = :repository AND texts.signature = :signature AND texts.signature <> ''"
    " ORDER BY texts.number LIMIT :most"
)
_SHARED = sa.text(
    "SELECT signature FROM texts WHERE repository_id = :repository AND signature <> ''"
    " GROUP BY signature HAVING count(*) > 1"
)


@cache
def _query(*, is_sqlite: bool) -> sa.TextClause:
    if is_sqlite:
        return sa.text(
            # CROSS JOIN: the index first; SQLite's planner may think otherwise, and ask it about each row.
            f"SELECT {_COLUMNS} FROM texts_index CROSS JOIN texts ON texts.id = texts_index.rowid"  # noqa: S608 fixed words
            " WHERE texts_index MATCH :words AND texts.repository_id = :repository AND texts.number <> 0 LIMIT :most"
        )
    return sa.text(
        f"SELECT {_COLUMNS} FROM texts WHERE texts.repository_id = :repository AND texts.number <> 0"  # noqa: S608 fixed words
        f" AND {_DOCUMENT} @@ {_WANTED} LIMIT :most"
    )


@cache
def _count(*, is_sqlite: bool) -> sa.TextClause:
    if is_sqlite:
        return sa.text("SELECT count(*) FROM texts_index WHERE texts_index MATCH :words")
    return sa.text(f"SELECT count(*) FROM texts WHERE {_DOCUMENT} @@ {_WANTED}")  # noqa: S608 fixed words


@cache
def _save(dialect: str) -> Any:
    insert = insert_into(dialect, texts)
    values = {name: insert.excluded[name] for name in ("title", "words", "signature", "url", "open", "answered")}
    return insert.on_conflict_do_update(index_elements=["repository_id", "number", "path"], set_=values)

"""The texts of a bash, whole, as people read them."""

# ruff: noqa: E501 - a row of a table is one line

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from inline_snapshot import snapshot

from bot.issuebash.event import Bash, Claim, Disposition, Item
from bot.reports import bash as texts

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = START + timedelta(minutes=30)


def item(number: int, title: str, batch: int, **more: object) -> Item:
    section, suggestion = ("answered", "close_as_answered") if batch == 1 else ("our_turn", "reply")
    made = Item(number, title, f"https://github.com/octo/r/issues/{number}", section, suggestion, batch)  # type: ignore[arg-type]
    return replace(made, **more)  # type: ignore[arg-type]


BASH = Bash(
    started_by="maya",
    started_at=START,
    ends_at=START + timedelta(hours=3),
    lease=timedelta(minutes=45),
    items=(
        item(1, "It | broke for @ann", 1, disposition="closed", by="maya", at=NOW),
        item(2, "Closes #7 [now](https://x)", 1, claim=Claim("noah", NOW + timedelta(minutes=20))),
        item(3, "Slow", 2, disposition="fix", by="noah", at=NOW, owner="nico", pull_request="o/x#9"),
        item(4, "Same as before", 2, disposition="duplicate", duplicate_of=1, by="noah", at=NOW),
        item(5, "Held no more", 2, claim=Claim("olga", NOW - timedelta(minutes=1))),
    ),
    titles=(("answered", "Answered"), ("our_turn", "Our turn")),
    open_before=1234,
    participants=frozenset({"noah", "Maya", "olga"}),
)
OVER = replace(BASH, finished_at=START + timedelta(hours=2), finished_by="maya", open_after=1233, checks=(14,))


def test_the_tracking_issue():
    assert texts.issue(BASH) == snapshot("""\
An issue bash: for a few hours we go through old issues together, close what is done, answer what is easy, and find what
is worth fixing. It ends at **2026-11-20 15:00 UTC**. The maintainers take part with the commands below;
everybody is welcome to read along and to try whether an old bug is still there.

| Write in a comment here, one a line | To |
|---|---|
| `/claim #12` or `/claim batch 3` | take an issue or a batch for 45 minutes; the first comment wins |
| `/release #12` | give it back |
| `/done #12 kept` | it stays open, and you looked at it |
| `/done #12 closed`, `asked` or `fix` | it is closed; the author was asked; it is worth fixing |
| `/done #12 duplicate #7` | it is a duplicate |
| `/bash finish` | end the bash |

The bot answers with a reaction: 👍 it is written down; 👀 a part of it is somebody else's, the board tells which;
👎 somebody else has it, or the command is not for everybody; 😕 not understood, so please write it again, in a new
comment (edits are not heard).

What is written here is only noted: closing and answering is done by you, on the issue. The boxes below are ticked by
the bot as issues are done.

### Batch 1: Answered

- [x] [#1](https://redirect.github.com/octo/r/issues/1) It \\| broke for `@ann` · **closed**
- [ ] [#2](https://redirect.github.com/octo/r/issues/2) Closes `#7` `[now](https://x)` · Close it as answered

### Batch 2: Our turn

- [x] [#3](https://redirect.github.com/octo/r/issues/3) Slow · **to be fixed**
- [x] [#4](https://redirect.github.com/octo/r/issues/4) Same as before · **duplicate of `#1`**
- [ ] [#5](https://redirect.github.com/octo/r/issues/5) Held no more · Reply
""")


def test_the_board():
    assert texts.board(BASH, NOW) == snapshot("""\
**3 of 5 done**, 2 to go.

| Batch | Done | Being looked at |
|---|---:|---|
| 1. Answered | 1 of 2 | noah: 2 until 12:50 UTC |
| 2. Our turn | 2 of 3 | – |
""")
    assert "; the bash is over." in texts.board(OVER, NOW)
    assert "ends it." in texts.board(replace(BASH, items=BASH.items[:1]), NOW)


def test_the_wrap_up():
    assert texts.wrap_up(OVER) == snapshot("""\
## How it went

**3 of 5 issues done** in 2 hours. Open issues: 1,234 before, 1,233 after.

| What became of them | Issues |
|---|---:|
| kept open | 0 |
| closed | 1 |
| author asked | 0 |
| duplicate | 1 |
| to be fixed | 1 |
| undecided | 2 |

### Unearthed for fixing

| Issue | Confirmed by | Owner | Pull request | Fixed |
|---|---|---|---|---|
| [#3](https://redirect.github.com/octo/r/issues/3) Slow | noah | nico | [o/x#9](https://redirect.github.com/o/x/pull/9) | not yet |

### Undecided

- [#2](https://redirect.github.com/octo/r/issues/2) Closes `#7` `[now](https://x)`
- [#5](https://redirect.github.com/octo/r/issues/5) Held no more

### Afterwards

| Closed here and opened again within | |
|---|---|
| 14 days | 0 of 2 |
| 30 days | looked up on 2026-12-20 |

Thank you, Maya, noah, olga.
""")


def test_an_end_before_the_start_by_another_clock_took_no_time():
    assert "in less than a minute." in texts.wrap_up(replace(OVER, finished_at=START - timedelta(seconds=1)))


def test_who_may_take_part_is_told():
    assert "Everybody may take part." in texts.issue(BASH, for_anyone=True)


def test_why_none_began():
    assert "Nothing was found that is worth a bash" in texts.none_begun(None)
    assert "running already: #7." in texts.none_begun(7)


def test_the_boards_data():
    data = texts.data(BASH, NOW)
    assert (data["done"], data["total"], data["over"]) == (3, 5, False)
    assert data["participants"] == ["Maya", "noah", "olga"]
    assert [(it["number"], it["state"], it["word"]) for batch in data["batches"] for it in batch["items"]] == [
        (1, "done", "closed"),
        (2, "claimed", "claimed by noah"),
        (3, "done", "to be fixed"),
        (4, "done", "duplicate of #1"),
        (5, "free", "free"),
    ]


HOSTILE = ("<&‹&…" * 20, "`a|@b` #1 " * 10, "@" * 100, "|" * 100, "<Some @one> " * 20)


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.parametrize("disposition", [None, "fix", "duplicate"])
def test_the_largest_bash_fits_an_issue(title: str, disposition: Disposition | None):
    long, place = "o" * 39, "https://github.com/" + "o" * 39 + "/" + "r" * 100
    frozen = texts.fitting(
        replace(
            BASH,
            items=tuple(
                replace(item(10**6 + number, title, 1 + number // 10), url=f"{place}/issues/{10**6 + number}")
                for number in range(200)
            ),
        )
    )
    assert len(frozen.items) > 50
    done = tuple(
        replace(it, disposition=disposition, duplicate_of=10**6, by=long, owner=long, pull_request=f"{'o' * 39}/x#1")
        for it in frozen.items
    )
    for text in (
        texts.issue(replace(frozen, items=done)),
        texts.board(frozen, NOW),
        texts.wrap_up(replace(OVER, items=done)),
    ):
        assert len(text) < 65_000


@pytest.mark.parametrize(
    ("disposition", "told"),
    [("fix", "\nand 100 more, which the list above names."), (None, "\n- and 100 more, which are not ticked above")],
)
def test_a_long_wrap_up_tells_how_many_more_there_are(disposition: Disposition | None, told: str):
    many = tuple(item(number, "<&‹&…" * 20, 1, disposition=disposition) for number in range(200))
    assert told in texts.wrap_up(replace(OVER, items=many))


def test_a_title_breaks_no_table():
    bad = replace(item(1, "`@ann|@octocat` a|b", 1), disposition="fix")
    row = next(line for line in texts.wrap_up(replace(OVER, items=(bad,))).splitlines() if line.startswith("| [#1]"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 6

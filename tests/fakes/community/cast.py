"""The project that everybody writes about: its people, its releases, its functions and how they fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from random import Random

from bot.issuebash.thread import PullRequest
from bot.triage.issue import Actor
from bot.triage.release import Release

PROJECT = "rivulet"
MAINTAINERS = (
    Actor("maya", association="OWNER"),
    Actor("nico-k", association="MEMBER"),
    Actor("oluwaseun", association="MEMBER"),
    Actor("petra.w", association="COLLABORATOR"),
    Actor("qiang", association="COLLABORATOR"),
)
FORMER = Actor("rosalind", association="CONTRIBUTOR")
"""Was a maintainer, left the organisation, and no longer shows as one."""
BOTS = (Actor("ci-runner[bot]", is_bot=True), Actor("welcome[bot]", is_bot=True), Actor("stale[bot]", is_bot=True))
PEOPLE = 4000

_THE_VERBS = """load save merge split parse render resample validate encode decode stream flush index rotate pack unpack
    compile fetch resolve join scan trim shuffle group pivot align cast convert schedule retry"""
_VERBS = tuple(_THE_VERBS.split())
_THE_NOUNS = """frame table schema header chunk buffer socket cursor catalog manifest partition sensor window ledger
    palette texture shader tokenizer parser formatter router session cookie proxy bucket snapshot replica quorum lease
    widget dialog toolbar canvas layer glyph ruler polygon raster contour voxel matrix tensor gradient kernel dataset
    sampler batch epoch checkpoint optimizer metric histogram percentile quantile bootstrap cluster dendrogram
    embedding corpus lexicon stanza phoneme waveform spectrum filter codec playlist subtitle thumbnail archive
    symlink mount volume quota inode journal transaction rollback migration trigger view column row index_page
    timezone calendar holiday interval duration epoch_time currency invoice receipt voucher coupon basket"""
_NOUNS = tuple(_THE_NOUNS.split())
_THE_PARAMS = """strict lazy cache_size timeout encoding fallback max_depth dtype inplace chunksize on_error keep_order
    backend workers prefix tolerance compress mode retries seed"""
_PARAMS = tuple(_THE_PARAMS.split())
_THE_CONDITIONS = """with an empty input|on Windows|with more than 2 GB of data|inside a thread pool|
    when {param} is None|after a reconnect|for nested lists|with unicode in the path|on Python 3.12|
    when called twice|in a notebook|
    with a read-only file system|behind a proxy|for negative values|under heavy load|with timezone-aware dates|
    when the disk is full|on ARM|with a single row|after pickling"""
_CONDITIONS = tuple(_THE_CONDITIONS.replace("\n    ", "").split("|"))
_ERRORS = (
    ("ValueError", "cannot reshape {noun} of size {number} into the given layout"),
    ("KeyError", "'{param}'"),
    ("TypeError", "unsupported operand for {noun}: 'NoneType' and 'int'"),
    ("AttributeError", "'NoneType' object has no attribute '{param}'"),
    ("RuntimeError", "{noun} changed size during iteration"),
    ("IndexError", "list index out of range"),
    ("TimeoutError", "waited {number} s for the {noun} to become ready"),
    ("UnicodeDecodeError", "'utf-8' codec can't decode byte 0xff in position {number}: invalid start byte"),
    ("AssertionError", ""),
    ("OSError", "[Errno 24] Too many open files: '/home/{user}/{noun}.bin'"),
    ("MemoryError", "unable to allocate {number} MiB for the {noun} pool"),
    ("rivulet.errors.RivuletError", "the {noun} was closed while {number} readers waited"),
    ("ZeroDivisionError", "division by zero"),
    ("NotImplementedError", "{noun} does not support {param} yet"),
    ("ConnectionResetError", "[Errno 104] Connection reset by peer"),
)
FUNCTIONS = tuple(f"{verb}_{noun}" for verb, noun in product(_VERBS, _NOUNS))
DOC_TOPICS = FUNCTIONS[::97]
"""Of those functions there is a page in the docs."""


@dataclass(frozen=True, slots=True)
class Bug:
    """One fault in the project; several issues may be about it."""

    func: str
    noun: str
    param: str
    cond: str
    kind: str
    message: str
    helper: str

    def trace(self, random: Random) -> str:
        """As one person saw it: with their own paths, line numbers and values."""
        user, number = random.choice(("ann", "runner", "build", "xyz")), random.randint(2, 9000)
        home = random.choice(("/usr/lib/python3/site-packages", f"/home/{user}/.venv/lib/python3.11/site-packages"))
        message = self.message.replace("{number}", str(number)).replace("{user}", user)
        line = random.randint(10, 900)
        return "\n".join(
            (
                "Traceback (most recent call last):",
                f'  File "/home/{user}/run.py", line {random.randint(1, 90)}, in <module>',
                f"    {self.func}(data)",
                f'  File "{home}/{PROJECT}/{self.noun}.py", line {line}, in {self.func}',
                f"    return {self.helper}(data)",
                f'  File "{home}/{PROJECT}/core/{self.noun}_impl.py", line {line // 2}, in {self.helper}',
                f"    raise {self.kind.rpartition('.')[2]}",
                f"{self.kind}: {message}" if message else self.kind,
            )
        )

    def title(self, random: Random) -> str:
        kind, short = self.kind.rpartition(".")[2], self.func.replace("_", " ")
        return random.choice(
            (
                f"{self.func} raises {kind} {self.cond}",
                f"{kind} in {self.func} {self.cond}",
                f"[Bug]: {self.func}() crashes {self.cond}",
                f"{self.func} fails: {self._shown()}",
                f"Cannot {short} {self.cond}",
                f"{kind}: {self._shown()}",
                f"BUG: {self.func} {self.cond}",
            )
        )

    def _shown(self) -> str:
        return self.message.replace("{number}", "12").replace("{user}", "me") or "assertion failed"


def bug(random: Random) -> Bug:
    func, param = random.choice(FUNCTIONS), random.choice(_PARAMS)
    noun = func.partition("_")[2]
    kind, message = random.choice(_ERRORS)
    filled = message.replace("{noun}", noun).replace("{param}", param)
    cond = random.choice(_CONDITIONS).replace("{param}", param)
    return Bug(func, noun, param, cond, kind, filled, f"_{random.choice(_VERBS)}_inner")


@dataclass(frozen=True, slots=True)
class Topic:
    """Something people want to know, or want to have."""

    func: str
    param: str

    def question(self, random: Random) -> str:
        short = self.func.replace("_", " a ", 1).replace("_", " ")
        return random.choice(
            (
                f"How do I {short} with {self.param}?",
                f"How to {short} when {self.param} is set",
                f"Is it possible to {short} and keep {self.param}?",
                f"Best way to {short} using {self.param}",
                f"[Question] {self.func} and {self.param}",
                f"{self.func}: what does {self.param} mean?",
                f"Confused about {self.param} in {self.func}",
                f"Can I {short} without {self.param}?",
                f"Wie kann ich {self.func} mit {self.param} benutzen?",
            )
        )

    def wish(self, random: Random) -> str:
        short = self.func.replace("_", " ")
        return random.choice(
            (
                f"Add {self.param} to {self.func}",
                f"Support {self.param} when I {short}",
                f"Feature request: {short} with {self.param}",
                f"It would be nice if {self.func} had {self.param}",
                f"{self.func} should accept {self.param}",
                f"Allow {self.param} in {self.func}",
                f"Could {self.func} learn about {self.param}?",
            )
        )


def topic(random: Random) -> Topic:
    return Topic(random.choice(FUNCTIONS), random.choice(_PARAMS))


def person(random: Random) -> Actor:
    """A few write often, most once; some have had a pull request merged."""
    number = min(random.randrange(PEOPLE), random.randrange(PEOPLE))
    return Actor(f"user{number}", association="CONTRIBUTOR" if number % 17 == 0 else "NONE")


def releases(now: datetime, years: float) -> tuple[Release, ...]:
    """Newest first: a minor one every ten weeks, a major one after every fifth."""
    made, at, count = [], now - timedelta(days=365 * years), 0
    while at < now - timedelta(days=3):
        major, minor = divmod(count, 6)
        made.append(Release(f"v{major + 1}.{minor}.0", at))
        at, count = at + timedelta(days=70), count + 1
    return tuple(reversed(made))


def current(known: Sequence[Release], at: datetime, behind: int = 0) -> str:
    """The version that was the newest then, or one before it."""
    out = [one for one in known if one.published_at <= at] or list(known[-1:])
    return out[min(behind, len(out) - 1)].tag.removeprefix("v")


def by(pull: PullRequest, who: Actor) -> PullRequest:
    return replace(pull, author=who)

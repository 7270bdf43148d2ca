"""Versions of the project that an issue speaks of, told from those of everything else by the project's own releases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from packaging.version import Version

from bot.triage.release import Release, parsed

_NUMBER = r"v?(?P<version>\d{1,4}\.\d{1,4}(?:\.\d{1,6})?(?:(?:a|b|rc|\.dev|\.post)\d{1,4})?)"
_FIELD = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|\*\*|[-*][ \t]+)?(?P<label>[^\n:=*#]{0,60}\bversions?\b[^\n:=*#]{0,40})"
    r"(?:\*\*)?[ \t]*[:=]?(?:\*\*)?[ \t\r]*\n?[ \t\r]*\n?[ \t]*(?:[\w.-]{1,40}[ =:]{1,3})?" + _NUMBER,
    re.IGNORECASE | re.MULTILINE,
)
_VERSION = re.compile("version", re.IGNORECASE)
_BARE = re.compile(
    r"(?:\b(?:in|on|with|using|to|have|version|release|upgraded|updated)[ \t]+|^[^\w\n]*|[,:;(+][ \t]*|(?=\bv\d))"
    + _NUMBER
    # What is counted or measured is no version.
    + r"(?![.]?\d)(?![ \t]*(?:of|million|times|x|%|[kmgt]i?b|ms|s|sec\w*|min\w*|hours?|days?)\b)",
    re.IGNORECASE,
)
_LEFT = re.compile(
    r"\b(?:from|since|before|until|till|than|below|prior to)[ \t]+(?:the |version |release )*$", re.IGNORECASE
)
"""Stands before a version that somebody had, and has no more."""
_NEAR = 30
_FOREIGN = re.compile(
    r"\b(?:python|os|cuda|cudnn|node|npm|java|jdk|gcc|compiler|bazel|browser|kernel|driver|docker|windows|mac|linux|ubuntu)\b",
    re.IGNORECASE,
)
_MOST = 50


@lru_cache(maxsize=16)
def released(releases: tuple[Release, ...]) -> tuple[Version, ...]:
    """All final releases, newest version first."""
    versions = {version for release in releases if not release.is_prerelease and (version := parsed(release.tag))}
    return tuple(sorted((one for one in versions if not one.is_prerelease), reverse=True))


@lru_cache(maxsize=16)
def _series(known: tuple[Version, ...]) -> frozenset[tuple[int, ...]]:
    """The first two numbers of each."""
    return frozenset(one.release[:2] for one in known)


def spoken_of(text: str, project: str, known: Sequence[Version]) -> Iterator[tuple[Version, bool]]:
    """Versions of the project in a text; True where its name stands beside it, False in a field that is only `Version`.

    Only those count whose first two numbers some release has, so that Python 3.11 is not taken for the project's.
    """
    series = _series(tuple(known))
    found: list[tuple[str, bool]] = []
    if project.lower() in text.lower():
        named = [match for match in list(_named(project).finditer(text))[:_MOST] if not _is_left(text, match.start())]
        found += [(match["version"], True) for match in named]
    for match in _fields(text):
        label = match["label"].lower()
        if project.lower() in label:
            found.append((match["version"], True))
        elif not _FOREIGN.search(label):
            found.append((match["version"], False))
    for number, is_named in found:
        version = Version(number)
        if version.release[:2] in series:
            yield version, is_named


def _is_left(text: str, start: int) -> bool:
    return bool(_LEFT.search(text[max(start - _NEAR, 0) : start]))


def _fields(text: str) -> Iterator[re.Match[str]]:
    """Looked for in the lines that speak of a version alone: bodies are long."""
    lines = dict.fromkeys(text.rfind("\n", 0, found.start()) + 1 for found in _VERSION.finditer(text))
    return filter(None, (_FIELD.match(text, start) for start in list(lines)[:_MOST]))


@lru_cache(maxsize=64)
def _named(project: str) -> re.Pattern[str]:
    name = re.escape(project)
    return re.compile(rf"\b{name}(?:[ \t]+version)?[ \t]*(?:==|[=: \t])?[ \t]*{_NUMBER}", re.IGNORECASE)


def met_with(text: str, known: Sequence[Version]) -> Iterator[Version]:
    """Versions in a sentence of what somebody met: `still there in 2.3`; known series alone, as above."""
    series = _series(tuple(known))
    for match in list(_BARE.finditer(text))[:_MOST]:
        version = Version(match["version"])
        if version.release[:2] in series and not _is_left(text, match.start()):
            yield version


def minors_behind(version: Version, known: Sequence[Version]) -> int:
    """How many series of releases (the first two numbers) are newer than the version's."""
    return len({one.release[:2] for one in known if one.release[:2] > version.release[:2]})

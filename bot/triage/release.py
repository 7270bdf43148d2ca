"""Releases of a repository: what GitHub tells of one, the version in its tag, and which was the latest at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from packaging.version import Version


@dataclass(frozen=True, slots=True)
class Release:
    """One of the repository's releases, drafts left out."""

    tag: str
    published_at: datetime
    is_prerelease: bool = False
    url: str = ""


@lru_cache(maxsize=4096)
def parsed(tag: str) -> Version | None:
    """The version in a release's tag: `v1.2`, `release-1.2.3`, `name-1.2`; None where there is none."""
    match = re.search(r"(?<![\d.])\d+(?:\.\d+){1,3}(?:[-_.]?(?:a|b|rc|alpha|beta)\.?\d*)?", tag)
    return Version(match[0]) if match else None


def latest(releases: Iterable[Release], at: datetime) -> Version | None:
    """The newest final version that was out then, if any was."""
    out = (parsed(one.tag) for one in releases if one.published_at <= at and not one.is_prerelease)
    return max((one for one in out if one is not None and not one.is_prerelease), default=None)

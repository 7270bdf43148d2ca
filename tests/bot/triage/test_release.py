from __future__ import annotations

from datetime import timedelta

import pytest
from packaging.version import Version

from bot.triage.release import Release, latest, parsed
from tests.bot.triage.world import NOW


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("v1.2.3", "1.2.3"),
        ("release-2.0", "2.0"),
        ("widgets-1.4.0rc1", "1.4.0rc1"),
        ("latest", None),
        ("2026", None),
    ],
)
def test_the_version_in_a_release_s_tag(tag: str, version: str | None):
    assert parsed(tag) == (Version(version) if version else None)


def test_the_latest_release_is_the_newest_version_that_was_out_then():
    days = {"v1.9": 9, "v2.0": 5, "v1.9.1": 3, "v2.1": -1}
    known = [Release(tag, NOW - timedelta(days=ago)) for tag, ago in days.items()]
    assert latest(known, NOW) == Version("2.0"), "a mended old series is not the latest, and 2.1 is not out yet"
    assert latest(known, NOW - timedelta(days=6)) == Version("1.9")
    assert latest(known, NOW - timedelta(days=30)) is None


def test_what_is_not_final_is_no_latest_release():
    known = [Release("v3.0", NOW, is_prerelease=True), Release("v2.0rc1", NOW), Release("nightly", NOW)]
    assert latest(known, NOW) is None
    assert latest([*known, Release("v1.0", NOW)], NOW) == Version("1.0")

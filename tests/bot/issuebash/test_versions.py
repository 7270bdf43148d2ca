"""Which versions of the project an issue speaks of."""

from __future__ import annotations

import pytest
from packaging.version import Version

from bot.issuebash.versions import met_with, minors_behind, released, spoken_of
from bot.triage.release import Release
from tests.bot.issuebash.making import RELEASES, ago

KNOWN = released(RELEASES)


def test_a_tag_that_is_no_version_is_passed_over():
    assert (
        released((Release("x", ago(1)), Release("v1.0", ago(1), is_prerelease=True), Release("v1.1a1", ago(1)))) == ()
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("widgets==2.8.1", [("2.8.1", True)]),
        ("I use Widgets 3.0 here", [("3.0", True)]),
        ("### Version\n\n2.8.1\n", [("2.8.1", False)]),
        ("**widgets version**: v2.9.0", [("2.9.0", True)]),
        ("- Version: 2.9.0", [("2.9.0", False)]),
        ("### Python version\n\n3.1\n", []),
        ("Python 3.1 on Linux", []),
        ("widgets==1.4.2", []),
    ],
)
def test_versions_of_the_project_are_told_from_others(text: str, expected: list[tuple[str, bool]]):
    assert list(dict.fromkeys(spoken_of(text, "widgets", KNOWN))) == [(Version(one), named) for one, named in expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Still there on 3.1", ["3.1"]),
        ("I have v2.8.1 and upgraded to 3.0.0, no change", ["2.8.1", "3.0.0"]),
        ("Same on Python 3.0", []),
        ("Happens with 9.4", []),
        ("3.1 of my files break", []),
    ],
)
def test_versions_that_somebody_met_it_with(text: str, expected: list[str]):
    assert list(met_with(text, KNOWN)) == [Version(one) for one in expected]


def test_how_far_behind_counts_series_of_releases():
    assert [minors_behind(Version(one), KNOWN) for one in ("3.1.5", "3.0", "2.8.0", "2.7")] == [0, 1, 3, 4]

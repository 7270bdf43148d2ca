"""Who is a bot where nobody says so: `gh` marks an issue's author, and gives those of comments by login alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WELL_KNOWN = frozenset(
    {
        "allcontributors",
        "azure-pipelines",
        "bors",
        "changeset-bot",
        "cla-bot",
        "claassistant",
        "codecov",
        "codecov-commenter",
        "codecov-io",
        "coderabbitai",
        "coveralls",
        "dependabot",
        "dependabot-preview",
        "github-actions",
        "github-advanced-security",
        "google-cla",
        "googlebot",
        "greenkeeper",
        "imgbot",
        "k8s-ci-robot",
        "k8s-triage-robot",
        "linux-foundation-easycla",
        "lock",
        "mergify",
        "microsoft-github-policy-service",
        "msftclas",
        "netlify",
        "pre-commit-ci",
        "probot",
        "renovate",
        "rust-highfive",
        "rustbot",
        "sentry-io",
        "sonarcloud",
        "sonarqubecloud",
        "stale",
        "vercel",
        "welcome",
    }
)
"""Lower case. Some are apps, some are accounts that only machines use."""
_BY_ITS_NAME = re.compile(r"-bot$|\[bot\]$", re.IGNORECASE)
_MARKED = (
    re.compile(r'"login"\s*:\s*"(?:app/([\w-]+)|([\w-]+)\[bot\])"', re.ASCII),
    re.compile(r'"is_bot"\s*:\s*true\s*,\s*"login"\s*:\s*"(?:app/)?([\w-]+)()"', re.ASCII),
)
"""In the text of the JSON, where no one's words can look like it: within them each quotation mark has a backslash."""


def marked_in(lines: Iterable[str]) -> frozenset[str]:
    """Logins, lower case, that are marked as bots anywhere in the lines of an export."""
    found = (match for line in lines for pattern in _MARKED for match in pattern.findall(line))
    return frozenset((app or bot).lower() for app, bot in found)


def is_bot(login: str, marked: frozenset[str]) -> bool:
    """By where else it is marked, its name, or because it is well known."""
    name = login.lower()
    return name in marked or name in _WELL_KNOWN or _BY_ITS_NAME.search(name) is not None

"""What an issue's Printouts say for its labels: by their values, and by how old the version is that was reported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.version import InvalidVersion, Version

from bot.forms.label import fold
from bot.forms.printout import find_printouts
from bot.triage.issue import Issue
from bot.triage.policy import Policy
from bot.triage.printout_policy import RELEASE, PrintoutSection
from bot.triage.release import Release, latest

_LONGEST_VERSION = 60


@dataclass(frozen=True, slots=True)
class Printed:
    """Labels that follow from Printouts."""

    wanted: Mapping[str, str] = field(default_factory=dict)
    """Label -> because."""
    decided: frozenset[str] = frozenset()
    """All that could have followed from what was printed; those not wanted may go."""


def read_printed(issue: Issue, policy: Policy, releases: Sequence[Release] | None) -> Printed:
    """Judge what the issue's author had printed; `releases` None: not known, so nothing follows from them."""
    wanted: dict[str, str] = {}
    decided: set[str] = set()
    for title, values in _printouts(issue, policy).items():
        section = policy.printouts[title]
        for labels, because in (*_by_values(section, values), *_by_versions(section, values, issue, releases)):
            decided.update(labels)
            wanted |= dict.fromkeys(labels, because) if because else {}
    return Printed(wanted, frozenset(decided))


def asks_for_releases(issue: Issue, policy: Policy) -> bool:
    """Tell whether a decision about the issue depends on the repository's releases."""
    return issue.state == "open" and any(
        rule.older_than == RELEASE and _version(values.get(fold(key), "")) is not None
        for title, values in _printouts(issue, policy).items()
        for key, rule in policy.printouts[title].versions.items()
    )


def _printouts(issue: Issue, policy: Policy) -> dict[str, dict[str, str]]:
    """Those of the body first, so that it does not matter whether comments are known; then the author's latest.

    Others may fill in what is missing, but what their programs print is about their own machines.
    """
    missing = {title for title, section in policy.printouts.items() if section.labels or section.versions}
    own = (it.body for it in reversed(issue.comments) if it.author.login == issue.author.login and not it.by_this_app)
    found: dict[str, dict[str, str]] = {}
    for text in (issue.body, *own) if missing else ():
        found |= find_printouts(text, missing - found.keys())
    return found


def _by_values(section: PrintoutSection, values: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Labels, and why they are wanted; empty where they are not."""
    for key, options in section.labels.items():
        value = values.get(fold(key), "").casefold()
        words = {value, value.split(" ", 1)[0].rstrip(",;")}
        for option, labels in options.items() if value else ():
            yield labels, f"Printed was {key}: {option}." if option.casefold() in words else ""


def _by_versions(
    section: PrintoutSection, values: Mapping[str, str], issue: Issue, releases: Sequence[Release] | None
) -> Iterator[tuple[tuple[str, ...], str]]:
    """The same. A report is compared with what was out when it was filed: nobody's report grows old by waiting."""
    for key, rule in section.versions.items():
        version = _version(values.get(fold(key), ""))
        by_release = rule.older_than == RELEASE
        if version is None or (by_release and releases is None):
            continue
        bound = latest(releases or (), issue.created_at) if by_release else Version(rule.older_than)
        is_old = bound is not None and version < bound
        told = "the latest release when it was filed" if by_release else "the oldest that is not old by the policy"
        yield (rule.label,), f"{key} {version} is older than {bound}, {told}." if is_old else ""


def _version(value: str) -> Version | None:
    """The first word that is a version."""
    for word in value[:_LONGEST_VERSION].split():
        try:
            return Version(word.strip("(),;"))
        except InvalidVersion:
            continue
    return None

"""What a lane does with a printout: releases are read where a label hangs on them, and nothing else does."""

from __future__ import annotations

import pytest

from tests.bot.work.bench import COMPLETE, INCOMPLETE, REPO, Bench

POLICY = """
labels: {create: {old-version: {}, backend/jax: {}}}
printouts:
  widget doctor:
    fields: {bug.yml: {version: widget}}
    labels: {backend: {jax: backend/jax}}
    versions: {widget: {label: old-version}}
"""
RELEASES = f"/repos/{REPO}/releases"


def printed(version: str) -> str:
    return f"{INCOMPLETE}\n```\nwidget doctor 1\nwidget: {version}\nbackend: jax 0.10.2\n```\n"


@pytest.fixture
def place(bench: Bench) -> Bench:
    bench.fake.push(REPO, {".github/triage.yml": POLICY})
    for tag, more in (("v1.1", {}), ("v2.0rc1", {"is_prerelease": True}), ("v3.0", {"is_draft": True})):
        bench.fake.release(REPO, tag, **more)
    bench.settle()
    return bench


def test_an_old_version_is_labelled_and_nothing_is_asked(place: Bench):
    issue = place.open(printed("1.0"))
    place.settle()
    assert place.labels(issue) == {"bug", "backend/jax", "old-version"}
    assert not place.requests(issue)
    (added,) = [it for it in place.journal(issue) if it.kind == "add_labels"]
    assert "widget 1.0 is older than 1.1, the latest release when it was filed." in added.because


def test_the_label_goes_with_an_edit_and_the_releases_are_not_read_again(place: Bench):
    issue = place.open(printed("1.0"))
    place.settle()
    place.fake.edit_issue(REPO, issue, body=printed("1.1"))
    place.settle()
    assert place.labels(issue) == {"bug", "backend/jax"}
    assert len(place.calls("GET", RELEASES)) == 1


def test_releases_are_not_read_for_issues_that_print_no_version(place: Bench):
    place.forget_calls()
    place.open(COMPLETE)
    place.open(printed("unknown"))
    place.settle()
    assert not place.calls("GET", RELEASES)


@pytest.mark.parametrize("status", [404, 403, 500])
def test_no_decision_fails_for_lack_of_releases(place: Bench, status: int):
    fault = place.fake.faults.error(status, path="/releases", times=-1)
    issue = place.open(printed("1.0"))
    place.settle()
    assert place.labels(issue) == {"bug", "backend/jax"}
    assert fault.struck == 1, "asked once a look"
    assert not place.dead()
    place.fake.faults.clear()
    place.fake.edit_issue(REPO, issue, body=printed("0.9"))
    place.settle()
    assert place.labels(issue) == {"bug", "backend/jax", "old-version"}


def test_a_printout_in_a_comment_answers_what_was_asked(place: Bench):
    issue = place.open()
    place.settle()
    assert place.labels(issue) == {"bug", "needs-info"}
    place.fake.comment(REPO, issue, "ann", "> Which version?\n\nwidget doctor 1\nwidget: 1.0\n")
    place.settle()
    assert place.labels(issue) == {"bug", "old-version"}
    assert place.record(issue).request_resolved

"""Labels, who is left alone, and what a repository's policy changes, from end to end."""

from __future__ import annotations

import time

import pytest

from tests.e2e.town import ANSWERS, BUG, FORMS, Town

POLICY = ".github/triage.yml"
GAPS = {"what": "It stops."}


def test_a_label_that_a_person_took_off_stays_off(town: Town):
    home = town.found()
    issue = home.file(GAPS)
    home.asked(issue)
    town.running.fake.unlabel(home.name, issue, "needs-info", by="maya")
    town.running.fake.unlabel(home.name, issue, "bug", by="maya")
    town.quiet()
    home.edit(issue, {"what": "It stops.", "version": "2.1.0"})
    town.quiet()
    assert home.labels(issue) == set()


def test_a_label_that_a_person_put_on_stays_on(town: Town):
    home = town.found()
    issue = home.file(ANSWERS)
    town.running.fake.label(home.name, issue, "needs-info", by="maya")
    town.quiet()
    home.edit(issue, ANSWERS | {"version": "2.1.1"})
    town.quiet()
    assert home.labels(issue) == {"bug", "needs-info"}


def test_only_needs_info_is_created_where_it_is_missing(town: Town):
    home = town.found(labels=())
    issue = home.file(GAPS)
    home.asked(issue)
    repository = town.running.fake.repository(home.name)
    assert [(label.name, label.color) for label in repository.labels.values()] == [("needs-info", "d4c5f9")]
    assert home.labels(issue) == {"needs-info"}


def test_labels_are_told_apart_without_case(town: Town):
    home = town.found(labels=("BUG", "Needs-Info"))
    issue = home.post(None)
    home.asked(issue)
    assert home.labels(issue) == {"Needs-Info"}
    home.edit(issue, ANSWERS)
    town.until(lambda: home.labels(issue) == {"BUG"})


def test_bots_are_left_alone(town: Town):
    home = town.found()
    issue = home.post("Dashboard", author="renovate[bot]", bot=True)
    town.quiet()
    assert (home.comments(issue), home.writes()) == ([], [])


def test_pull_requests_are_left_alone(town: Town):
    home = town.found()
    pull = town.running.fake.open_pull_request(home.name, "alice", "A change", "Mends it")
    home.say(pull, "bob", "/label bug")
    town.quiet()
    assert home.writes() == []


def test_a_locked_issue_is_left_alone(town: Town):
    home = town.found()
    town.running.fake.hooks.hold()
    issue = home.file(GAPS)
    town.running.fake.lock_issue(home.name, issue, by="maya")
    town.running.fake.hooks.release()
    town.quiet()
    assert home.comments(issue) == []


def test_a_transferred_issue_is_left_alone(town: Town):
    home, other = town.found(), town.found()
    issue = home.post("From before")
    home.asked(issue)
    moved = town.running.fake.transfer_issue(home.name, issue, other.name, by="maya")
    town.quiet()
    assert len(other.comments(moved)) == 1  # the one that came along
    assert other.writes() == []


def test_an_issue_older_than_the_installation_is_left_alone(town: Town):
    home = town.found()
    fake = town.running.fake
    fake.hooks.hold()
    old = fake.open_issue(home.name, "alice", "Old", "Long ago", created_at=time.time() - 90 * 86_400)
    fake.hooks.discard()  # nobody listened then
    fake.hooks.release()
    home.say(old, "bob", "Still there?")
    fake.edit_issue(home.name, old, body="Long, long ago")
    town.quiet()
    assert home.comments(old) == []


def test_a_policy_can_switch_the_bot_off(town: Town):
    home = town.found(files={**FORMS, POLICY: "enabled: false\n"})
    issue = home.file(GAPS)
    town.quiet()
    assert (home.comments(issue), home.writes()) == ([], [])


def test_a_dry_run_writes_nothing(town: Town):
    home = town.found(files={**FORMS, POLICY: "dry_run: true\n"})
    home.file(GAPS)
    town.quiet()
    assert home.writes() == []


def test_a_pushed_policy_holds_from_then_on_and_a_broken_one_does_not(town: Town):
    home = town.found()
    fake = town.running.fake
    fake.push(home.name, {POLICY: "labels: {needs_info: waiting}\n"})
    town.quiet()
    first = home.file(GAPS)
    home.asked(first)
    assert home.labels(first) == {"bug", "waiting"}
    fake.push(home.name, {POLICY: "labels: {needs_inof: broken}\n"})
    town.quiet()
    second = home.file(GAPS)
    home.asked(second)
    assert home.labels(second) == {"bug", "waiting"}
    fake.push(home.name, {POLICY: None})
    town.quiet()
    third = home.file(GAPS)
    home.asked(third)
    assert home.labels(third) == {"bug", "needs-info"}


def test_a_pushed_template_holds_from_then_on(town: Town):
    home = town.found()
    form = BUG.replace("label: Version,", "label: Which version?,")
    town.running.fake.push(home.name, {".github/ISSUE_TEMPLATE/bug.yml": form.replace("Which version?", "Release")})
    town.quiet()
    comment = home.asked(home.file(GAPS))
    assert "**Release**" in comment.body


def test_rules_and_answers_of_the_policy(town: Town):
    policy = """\
labels:
  answers: {bug.yml: {system: {Windows: os-windows}}}
fields:
  bug.yml:
    version: {version: true}
    what: {min_length: 10, message: "Please tell a little more."}
"""
    home = town.found(files={**FORMS, POLICY: policy}, labels=("bug", "needs-info", "os-windows"))
    issue = home.file({"what": "Broken", "version": "the newest", "system": "Windows"})
    comment = home.asked(issue)
    assert "**Version**" in comment.body
    assert "Please tell a little more." in comment.body
    assert home.labels(issue) == {"bug", "needs-info", "os-windows"}


PRINTOUTS = """\
labels: {create: {old-version: {color: ededed}, backend/jax: {}}}
printouts:
  widget doctor:
    fields: {bug.yml: {version: widget, system: os}}
    labels: {backend: {jax: backend/jax}}
    versions: {widget: {label: old-version}}
"""
PRINTED = "```text\nwidget doctor 1\nos: Linux\nwidget: 1.4.0\nbackend: jax 0.10.2\ntorch: not installed\n```"


def test_a_pasted_printout_answers_fields_yields_labels_and_tells_an_old_version(town: Town):
    home = town.found(files={**FORMS, POLICY: PRINTOUTS})
    town.running.fake.release(home.name, "v1.5.0")
    issue = home.file({"what": "It stops after a minute.", "logs": PRINTED})
    town.until(lambda: home.labels(issue) == {"bug", "backend/jax", "old-version"})
    town.quiet()
    assert home.comments(issue) == []
    home.edit(issue, {"what": "It still stops.", "logs": PRINTED.replace("1.4.0", "1.5.0")})
    town.until(lambda: home.labels(issue) == {"bug", "backend/jax"})
    town.quiet()
    assert home.comments(issue) == []


def test_a_printout_in_a_reply_answers_what_was_asked(town: Town):
    home = town.found(files={**FORMS, POLICY: PRINTOUTS})
    issue = home.file({"what": "It stops after a minute."})
    assert "**Version**" in home.asked(issue).body
    home.say(issue, "alice", 'Sorry! {"widget doctor": 1, "os": "Linux", "widget": "1.6.0"}')
    town.until(lambda: home.labels(issue) == {"bug"})
    assert "Everything that was missing is here now" in home.asked(issue).body


@pytest.mark.parametrize(("language", "word"), [("de", "Danke"), ("en", "Thank you")])
def test_the_comment_s_language(town: Town, language: str, word: str):
    home = town.found(files={**FORMS, POLICY: f"request: {{language: {language}}}\n"})
    assert word in home.asked(home.file(GAPS)).body

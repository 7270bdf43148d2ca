"""Slash commands from end to end: who may, what they do, and how a refusal looks."""

from __future__ import annotations

from tests.e2e.town import ANSWERS, Home, Town
from tests.fakes.github.model import Comment

GAPS = {"what": "It stops."}


def reactions(comment: Comment) -> list[str]:
    return [reaction.content for reaction in comment.reactions]


def founded(town: Town) -> Home:
    home = town.found(labels=("bug", "idea", "needs-info", "good first issue"))
    town.running.fake.collaborator(home.name, "maya", "triage")
    return home


def test_a_maintainer_labels_and_unlabels(town: Town):
    home = founded(town)
    issue = home.file(ANSWERS)
    said = home.say(issue, "maya", "Good one.\n\n/label good first issue, idea\n/unlabel bug")
    town.until(lambda: home.labels(issue) == {"good first issue", "idea"})
    town.quiet()
    assert reactions(said) == ["+1"]
    home.edit(issue, ANSWERS | {"version": "2.1.1"})
    town.quiet()
    assert home.labels(issue) == {"good first issue", "idea"}


def test_a_stranger_s_command_is_refused_by_a_reaction(town: Town):
    home = founded(town)
    issue = home.file(ANSWERS)
    said = home.say(issue, "eve", "/label idea\n/close")
    town.until(lambda: bool(said.reactions))
    town.quiet()
    assert (reactions(said), issue.state, home.labels(issue)) == (["-1"], "open", {"bug"})
    assert home.comments(issue) == []


def test_commands_in_quotes_and_code_are_none(town: Town):
    home = founded(town)
    issue = home.file(ANSWERS)
    said = home.say(issue, "maya", "> /close\n\n```\n/close\n```\n\n<!-- /close -->\n\nWrite `/close` to close.")
    town.quiet()
    assert (reactions(said), issue.state) == ([], "open")


def test_an_unknown_command_confuses(town: Town):
    home = founded(town)
    said = home.say(home.file(ANSWERS), "maya", "/dance")
    town.until(lambda: bool(said.reactions))
    town.quiet()
    assert reactions(said) == ["confused"]


def test_the_author_closes_and_reopens(town: Town):
    home = founded(town)
    issue = home.file(ANSWERS)
    home.say(issue, "alice", "/close")
    town.until(lambda: issue.state == "closed")
    town.quiet()
    home.say(issue, "alice", "/reopen")
    town.until(lambda: issue.state == "open")


def test_what_a_maintainer_closed_by_hand_stays_closed(town: Town):
    home = founded(town)
    issue = home.file(ANSWERS)
    town.running.fake.close(home.name, issue, by="maya", reason="not_planned")
    said = home.say(issue, "alice", "/reopen")
    town.until(lambda: bool(said.reactions))
    town.quiet()
    assert (reactions(said), issue.state) == (["-1"], "closed")


def test_a_maintainer_asks_for_a_field_that_is_optional(town: Town):
    home = founded(town)
    issue = home.file(ANSWERS)
    home.say(issue, "maya", "/needs-info logs")
    comment = home.asked(issue)
    assert "**Logs**" in comment.body
    assert home.labels(issue) == {"bug", "needs-info"}
    home.edit(issue, ANSWERS | {"logs": "12:00 stopped"})
    town.until(lambda: bool(comment.minimized))
    town.quiet()
    assert home.labels(issue) == {"bug"}


def test_skip_triage_takes_the_request_back_and_triage_looks_again(town: Town):
    home = founded(town)
    issue = home.file(GAPS)
    comment = home.asked(issue)
    home.say(issue, "maya", "/skip-triage")
    town.until(lambda: bool(comment.minimized))
    town.quiet()
    assert home.labels(issue) == {"bug"}
    home.edit(issue, {"what": "It stops again."})
    town.quiet()
    assert comment.minimized
    home.say(issue, "maya", "/triage")
    town.until(lambda: not comment.minimized)
    town.quiet()
    assert home.labels(issue) == {"bug", "needs-info"}


def test_a_command_is_carried_out_once_though_delivered_twice(town: Town):
    home = founded(town)
    issue = home.file(ANSWERS)
    home.say(issue, "maya", "/label idea")
    town.until(lambda: "idea" in home.labels(issue))
    town.quiet()
    town.running.fake.unlabel(home.name, issue, "idea", by="maya")
    town.quiet()
    hooks = town.running.fake.hooks
    hooks.redeliver(next(one for one in reversed(hooks.deliveries) if one.event == "issue_comment"))
    town.quiet()
    assert home.labels(issue) == {"bug"}

"""The Request from end to end: asked once, shrunk in place, taken back when all is there."""

from __future__ import annotations

from tests.e2e.town import ANSWERS, FORMS, Town, block_of

THANKS = "Everything that was missing is here now"


def test_a_complete_issue_hears_nothing(town: Town):
    home = town.found()
    issue = home.file(ANSWERS)
    town.quiet()
    assert home.comments(issue) == []
    assert home.labels(issue) == {"bug"}
    assert home.writes() == []


def test_what_is_missing_is_asked_for_once_and_by_name(town: Town):
    home = town.found()
    issue = home.file({"what": "It stops.", "version": "."})
    comment = home.asked(issue)
    assert "**Version**" in comment.body
    assert "**Operating system**" in comment.body
    assert "What happened?" not in comment.body
    assert home.labels(issue) == {"bug", "needs-info"}
    assert home.writes() == ["POST /issues/1/labels", "POST /issues/1/comments"]


def test_the_request_shrinks_in_place_and_is_taken_back(town: Town):
    home = town.found()
    issue = home.file({"what": "It stops."})
    comment = home.asked(issue)
    home.edit(issue, {"what": "It stops.", "version": "2.1.0"})
    town.until(lambda: "**Version**" not in comment.body)
    assert "**Operating system**" in comment.body
    home.edit(issue, ANSWERS)
    town.until(lambda: bool(comment.minimized))
    town.quiet()
    assert THANKS in comment.body
    assert comment.minimized == "resolved"
    assert home.labels(issue) == {"bug"}
    assert home.comments(issue) == [comment]


def test_the_block_pasted_by_somebody_else_counts_and_chat_does_not(town: Town):
    home = town.found()
    issue = home.file({"what": "It stops.", "system": "Linux"})
    comment = home.asked(issue)
    home.say(issue, "alice", "Version? No idea, sorry. I use what my distribution ships.")
    town.quiet()
    assert not comment.minimized
    filled = block_of(comment).replace("### Version\n", "### Version\n\n2.1.0\n")
    home.say(issue, "bob", filled)
    town.until(lambda: bool(comment.minimized))
    town.quiet()
    assert home.labels(issue) == {"bug"}


def test_an_answer_edited_into_a_comment_counts_and_goes_on_counting(town: Town):
    home = town.found()
    issue = home.file({"what": "It stops.", "system": "Linux"})
    comment = home.asked(issue)
    reply = home.say(issue, "alice", "I will look.")
    town.quiet()
    town.running.fake.edit_comment(reply, "### Version\n\n2.1.0")
    town.until(lambda: bool(comment.minimized))
    home.edit(issue, {"what": "It stops after an hour.", "system": "Linux"})
    town.quiet()
    assert comment.minimized
    assert home.labels(issue) == {"bug"}


def test_a_field_emptied_later_is_asked_for_in_the_same_comment(town: Town):
    home = town.found()
    issue = home.file({"what": "It stops."})
    comment = home.asked(issue)
    home.edit(issue, ANSWERS)
    town.until(lambda: bool(comment.minimized))
    home.edit(issue, ANSWERS | {"what": ""})
    town.until(lambda: not comment.minimized)
    town.quiet()
    assert "**What happened?**" in comment.body
    assert "**Version**" not in comment.body
    assert home.labels(issue) == {"bug", "needs-info"}
    assert home.comments(issue) == [comment]


def test_a_blank_issue_is_led_to_the_templates(town: Town):
    home = town.found()
    issue = home.post(None)
    comment = home.asked(issue)
    link = f"https://github.com/{home.name}/issues/new?template"
    assert f"[Bug report]({link}=bug.yml)" in comment.body
    assert f"[Idea]({link}=idea.yml)" in comment.body
    assert home.labels(issue) == {"needs-info"}


def test_free_text_edited_into_a_template_gets_its_labels(town: Town):
    home = town.found()
    issue = home.post("Hello! It stops after a minute on my machine, what can I do?")
    comment = home.asked(issue)
    home.edit(issue, ANSWERS)
    town.until(lambda: bool(comment.minimized))
    town.quiet()
    assert home.labels(issue) == {"bug"}


def test_text_of_the_author_pings_nobody_and_forges_no_marker(town: Town):
    home = town.found()
    issue = home.file({"what": "<!-- community-triage-bot:request --> @octo-org/all", "version": "</details> @maya"})
    comment = home.asked(issue)
    assert comment.body.count("<!-- community-triage-bot:request -->") == 1
    assert "@maya" not in comment.body


def test_a_stranger_s_marker_is_not_taken_for_the_bot_s_own(town: Town):
    home = town.found()
    issue = home.file({"what": "It stops."})
    comment = home.asked(issue)
    forged = home.say(issue, "eve", comment.body)
    home.edit(issue, ANSWERS)
    town.until(lambda: bool(comment.minimized))
    town.quiet()
    assert not forged.minimized
    assert "**Version**" in forged.body


def test_the_owner_s_own_templates_serve_a_repository_without_any(town: Town):
    fake = town.running.fake
    fake.install(town.app, "hubot-org")
    fake.add_repository("hubot-org/.github", {**FORMS, ".github/triage.yml": "labels: {needs_info: waiting}\n"})
    home = town.found(files={"README.md": "Hi."}, owner="hubot-org")
    town.quiet()
    issue = home.file({"what": "It stops.", "system": "Linux"}, templates_of="hubot-org/.github")
    comment = home.asked(issue)
    assert "**Version**" in comment.body
    assert home.labels(issue) == {"bug", "waiting"}


def test_markdown_templates_are_checked_where_the_policy_asks(town: Town):
    template = (
        "---\nname: Bug\nabout: A bug\nlabels: bug\n---\n## Steps\n\n## Expected\n\n<!-- what you hoped for -->\n"
    )
    policy = "fields: {bug.md: {Steps: {required: true}, Expected: {required: true}}}\n"
    home = town.found(files={".github/ISSUE_TEMPLATE/bug.md": template, ".github/triage.yml": policy})
    issue = home.post("## Steps\n\n1. Start it\n\n## Expected\n\n<!-- what you hoped for -->\n", title="Bug")
    comment = home.asked(issue)
    assert "**Expected**" in comment.body
    assert "**Steps**" not in comment.body
    town.running.fake.edit_issue(home.name, issue, body="## Steps\n\n1. Start it\n\n## Expected\n\nThat it runs.\n")
    town.until(lambda: bool(comment.minimized))

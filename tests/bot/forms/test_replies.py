"""What is missing may be supplied in a comment, under the same heading; chat supplies nothing."""

from __future__ import annotations

import pytest

from tests.bot.forms.forms import boxes, check, element

FORM = (
    element("textarea", "Steps to reproduce", required=True),
    element("input", "Version", required=True),
    boxes("Terms", "I agree", required=["I agree"]),
)
BODY = "### Steps to reproduce\n\n_No response_\n\n### Version\n\n1.0\n\n### Terms\n\n- [X] I agree"


def steps(*replies: str) -> tuple[str, object]:
    return check(BODY, *FORM, replies=replies).answers[0][1:3]


@pytest.mark.parametrize(
    "reply",
    [
        "### Steps to reproduce\n\nI ran it",
        "Sure!\r\n\r\n### Steps to reproduce\r\n\r\nI ran it\r\n",
        "## steps to reproduce:\nI ran it",
        "**Steps to reproduce**\n\nI ran it\n\n### Version\n\n2.0",
        "Steps to reproduce: I ran it",
        "```markdown\n### Steps to reproduce\n\nI ran it\n```",
        "<details>\n<summary>Block</summary>\n\n```markdown\n### Steps to reproduce\n\nI ran it\n```\n\n</details>",
    ],
)
def test_a_reply_with_the_heading_fills_the_field(reply: str):
    assert steps(reply) == ("answered", "I ran it")


@pytest.mark.parametrize(
    "reply",
    [
        "I ran it",
        "",
        "> ### Steps to reproduce\n>\n> I ran it",
        "### Steps to reproduce\n\n",
        "### Steps to reproduce\n\n...",
        "the steps to reproduce are clear",
        "Steps to reproduce: what is meant by that?",
        "```\ncode\n```",
    ],
)
def test_chat_fills_nothing(reply: str):
    assert steps(reply) == ("missing", None)


def test_the_latest_reply_that_answers_counts():
    first, second, blank = (f"### Steps to reproduce\n\n{text}" for text in ("first", "second", "_No response_"))
    assert steps(first, second) == ("answered", "second")
    assert steps(first, blank, "thanks!") == ("answered", "first")


def test_what_the_body_answers_stays():
    found = check(BODY, *FORM, replies=["### Version\n\n9.9\n\n### Steps to reproduce\n\nI ran it"])
    assert [answer.value for answer in found.answers] == ["I ran it", "1.0", ("I agree",)]
    assert found.complete


def test_all_open_fields_can_come_in_several_replies():
    body = BODY.replace("1.0", "...").replace("[X]", "[ ]")
    found = check(
        body, *FORM, replies=["### Version\n\n2.0", "### Terms\n\n- [x] I agree", "### Steps to reproduce\n\nI ran it"]
    )
    assert found.complete
    assert [finding.field.label for finding in check(body, *FORM, replies=["### Version\n\n2.0"]).findings] == [
        "Steps to reproduce",
        "Terms",
    ]


def test_a_body_from_no_template_is_not_filled():
    found = check("It broke", *FORM, replies=["### Steps to reproduce\n\nI ran it"])
    assert (found.match.template, found.answers, found.complete) == (None, (), False)

"""What a comment may say: the facts handed to whoever words it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from bot.forms.template import Finding, Template

CommentName = Literal["request", "choose_template", "resolved", "withdrawn"]
"""The four things the bot's one comment can say; each is the name of its Jinja template."""

NoticeName = Literal["reminder", "stale", "closing", "needs_info_closing", "over"]
"""What the lifecycle says, each the name of its Jinja template; `over` is what a notice turns into."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A template that a free-form issue could have used."""

    template: Template
    url: str
    """Opens a new issue with this template."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a comment's template may use."""

    author: str
    findings: tuple[Finding, ...] = ()
    choices: tuple[Choice, ...] = ()
    deadline: date | None = None
    again: bool = False
    """The issue was complete once, and now lacks something after all."""


class Wording(Protocol):
    """Words the bot's comments; the text of the Request carries the hidden marker and fits GitHub's limit."""

    def write(self, name: CommentName, facts: Facts) -> str: ...

    def notice(self, name: NoticeName, author: str, day: date | None = None) -> str:
        """`day`: until when nothing is closed. The text carries no marker."""

"""The Checker: recognises, parses and checks submissions against one repository's templates."""

from __future__ import annotations

from collections.abc import Sequence

from bot.forms.load import TemplateSet
from bot.forms.rules import NO_RULES, Rules
from bot.forms.template import Check, Match, Submission


class Checker:
    """Compiled once per repository; safe to share between threads."""

    def __init__(self, templates: TemplateSet, rules: Rules = NO_RULES) -> None:
        self._templates = templates
        self._rules = rules

    @property
    def templates(self) -> TemplateSet:
        """The templates this Checker was built from."""
        return self._templates

    def check(self, submission: Submission, replies: Sequence[str] = ()) -> Check:
        """Check one submission; `replies` are comment bodies, oldest first, that may supply what the body lacks."""
        return Check(Match(None, 0.0))

"""Words the bot's comments: Jinja templates of this project, or a repository's own under a sandbox."""

from __future__ import annotations

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.forms.template import Problem
from bot.resources import resource
from bot.triage.plan import REQUEST_MARKER
from bot.triage.policy import DEFAULT_POLICY, Policy
from bot.triage.wording import CommentName, Facts


class Renderer:
    """The wording of one repository; safe to share between threads."""

    def __init__(self, policy: Policy = DEFAULT_POLICY) -> None:
        self._policy = policy
        self.problems: tuple[Problem, ...] = ()
        self._environment = Environment(  # noqa: S701 markdown, escaped by the filters
            loader=FileSystemLoader(resource("templates") / "comments"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def write(self, name: CommentName, facts: Facts) -> str:
        """Word one comment."""
        template = self._environment.get_template(f"{name}.md.j2")
        return f"{REQUEST_MARKER}\n{template.render(facts=facts).strip()}\n"

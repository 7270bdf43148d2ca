"""Turns a repository's template files into a TemplateSet; never raises on content, reports problems instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.forms.template import Chooser, Problem, Template


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """All templates of one repository, in the order GitHub's chooser shows them."""

    templates: tuple[Template, ...] = ()
    chooser: Chooser = Chooser()
    problems: tuple[Problem, ...] = ()


NO_TEMPLATES = TemplateSet()


def is_template_path(path: str) -> bool:
    """Tell whether a repository path holds a template, the chooser's settings or a legacy template."""
    raise NotImplementedError


def load(files: Mapping[str, bytes]) -> TemplateSet:
    """Load templates from repository paths and their contents."""
    raise NotImplementedError

"""Turns a repository's template files into a TemplateSet; never raises on content, reports problems instead."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.forms.chooser import load_chooser
from bot.forms.document import Document, decode
from bot.forms.form import load_form
from bot.forms.markdown import load_markdown
from bot.forms.template import Chooser, Problem, Template

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = ".github/ISSUE_TEMPLATE"
_IN_FOLDER = re.compile(r"\.github/issue_template/[^/]+\.(?:ya?ml|md|markdown)", re.IGNORECASE)
_LEGACY = re.compile(r"(?:(?:docs|\.github)/)?issue_template\.(?:md|markdown)", re.IGNORECASE)
_CONFIG = frozenset({"config.yml", "config.yaml"})
_SHORTEST_NAME = 4


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """All templates of one repository, in the order GitHub's chooser shows them; a legacy template comes last."""

    templates: tuple[Template, ...] = ()
    chooser: Chooser = Chooser()
    problems: tuple[Problem, ...] = ()


def is_template_path(path: str) -> bool:
    """Tell whether a repository path holds a template, the chooser's settings or a legacy template."""
    return bool(_IN_FOLDER.fullmatch(path) or _LEGACY.fullmatch(path))


def load(files: Mapping[str, bytes]) -> TemplateSet:
    """Load templates from repository paths and their contents; other paths are passed over."""
    templates: list[Template] = []
    problems: list[Problem] = []
    chooser = Chooser()
    for path in sorted((path for path in files if is_template_path(path)), key=_chooser_order):
        text, troubles = decode(files[path], path)
        document = Document(path, problems=list(troubles))
        if not text and troubles:
            template = None
        elif _file(path).lower() in _CONFIG and _IN_FOLDER.fullmatch(path):
            template, chooser = None, load_chooser(text, document)
        else:
            template = _load_one(text, path, document)
        problems += document.problems
        if template is not None:
            templates.append(template)
    return TemplateSet(_offered(templates, problems), chooser, tuple(problems))


def _load_one(text: str, path: str, document: Document) -> Template | None:
    if _is_markdown(path):
        return load_markdown(text, path, _file(path), document, legacy=bool(_LEGACY.fullmatch(path)))
    return load_form(text, path, _file(path), document)


def _offered(templates: list[Template], problems: list[Problem]) -> tuple[Template, ...]:
    """Hide from the chooser what GitHub hides over a name: one too short, or one that an earlier template has."""
    seen: set[str] = set()
    offered = []
    for template in templates:
        fault = ""
        if template.name and len(template.name) < _SHORTEST_NAME:
            fault = f"The name `{template.name}` is too short: GitHub shows only templates with more than 3 characters."
        elif template.name in seen:
            fault = f"Another template is called `{template.name}` too; names must be unique for GitHub to show both."
        if template.name:
            seen.add(template.name)
        if fault:
            problems.append(Problem(template.path, 0, 0, fault))
        offered.append(replace(template, shown=template.shown and not fault))
    return tuple(offered)


def _is_markdown(path: str) -> bool:
    return path.lower().endswith((".md", ".markdown"))


def _file(path: str) -> str:
    return path.rpartition("/")[2]


def _chooser_order(path: str) -> tuple[bool, bool, str, str]:
    """Folder before legacy, YAML before markdown, then by file name."""
    return bool(_LEGACY.fullmatch(path)), _is_markdown(path), _file(path).lower(), path

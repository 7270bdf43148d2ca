"""GitHub's web form: what it makes of the answers somebody types into an issue form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from tests.fakes.github.model import Repository

Answers = Mapping[str, str | Sequence[str] | None]
"""Field id -> what was typed or chosen. Boxes are named by how their label starts; None empties a prefilled field."""
NO_RESPONSE = "_No response_"
FOLDER = ".github/ISSUE_TEMPLATE"


@dataclass(frozen=True, slots=True)
class Filled:
    title: str
    body: str
    labels: tuple[str, ...]


def fill(repository: Repository, template: str, title: str, answers: Answers) -> Filled:
    """The issue as the web chooser would file it. Required fields are not insisted on: a later edit can empty them."""
    form = yaml.safe_load(repository.files[f"{FOLDER}/{template}"])
    body = "\n\n".join(_sections(form["body"], answers))
    labels = tuple(name for name in form.get("labels", ()) if name.lower() in repository.labels)
    return Filled(form.get("title", "") + title, body, labels)


def _sections(elements: list[dict[str, Any]], answers: Answers) -> Iterator[str]:
    for element in elements:
        if element["type"] == "markdown":
            continue
        attributes = element["attributes"]
        given = answers.get(element["id"], attributes.get("value"))
        yield f"### {attributes['label'].strip()}\n\n{_value(element['type'], attributes, given)}"


def _value(kind: str, attributes: dict[str, Any], given: str | Sequence[str] | None) -> str:
    if kind == "checkboxes":
        ticked = tuple(given or ())
        options = [option["label"] for option in attributes["options"]]
        return "\n".join(f"- [{'X' if label.startswith(ticked) and ticked else ' '}] {label}" for label in options)
    if not given:
        return NO_RESPONSE
    text = given if isinstance(given, str) else ", ".join(given)
    if kind == "textarea" and attributes.get("render"):
        return f"```{attributes['render']}\n{text}\n```\n"
    # A browser sends CRLF for what is typed; GitHub's own separators are LF.
    return text.replace("\n", "\r\n") if kind == "textarea" else text

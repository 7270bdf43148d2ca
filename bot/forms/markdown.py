"""Reads a markdown issue template: headings, bold lines, `Key:` lines or comments become its fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.forms.document import Document
from bot.forms.form import unique_id
from bot.forms.label import fold, slug, unify_line_ends
from bot.forms.outline import Mark, Style, commented_lines, fenced_lines, outline
from bot.forms.template import Field, Template

if TYPE_CHECKING:
    from collections.abc import Sequence

_FRONT_KEYS = frozenset({"name", "about", "title", "labels", "assignees", "projects", "type"})
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_HINT = re.compile(r"(?:\[.*\]|\(.*\)|<!--.*-->|<.*>|:\w+:|[?.\-_~*…` ]*|(?:e\.?g\.?|ex[.:]|i\.e\.).*)\Z", re.IGNORECASE)
_LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a markdown template: where it opens, and the text the editor shows under it."""

    mark: Mark
    prefill: str

    @property
    def style(self) -> Style:
        return self.mark.style


def load_markdown(text: str, path: str, file: str, document: Document, *, legacy: bool) -> Template:
    """Read one markdown template; front matter with faults costs it its place in the chooser, never its sections."""
    front, body, first_line = split_front_matter(unify_line_ends(text))
    document.first_line = first_line
    node = document.compose(front) if front.strip() else None
    entries = document.mapping(node, "the front matter")
    if not legacy:
        _check_front(document, entries, has_front=bool(front.strip()))
    name = document.text(entries.get("name"), "`name`", may_be_blank=False)
    return Template(
        file=file,
        path=path,
        kind="markdown",
        name=name,
        fields=_fields(sections(body)),
        description=document.text(entries.get("about"), "`about`"),
        title=document.text(entries.get("title"), "`title`"),
        labels=document.words(entries.get("labels"), "`labels`"),
        assignees=document.words(entries.get("assignees"), "`assignees`"),
        type=document.text(entries.get("type"), "`type`"),
        shown=bool(name) and not legacy and not document.broken,
        text=body,
    )


def _check_front(document: Document, entries: dict[str, object], *, has_front: bool) -> None:
    if not has_front:
        message = "Without front matter (`name` and `about` between two lines of `---`) GitHub does not offer this template."
        document.report(None, message, "warning")
        return
    for key in ("name", "about"):
        if key not in entries and not document.broken:
            document.report(None, f"The front matter needs the key `{key}`.")


def split_front_matter(text: str) -> tuple[str, str, int]:
    """Split into front matter, the rest, and the number of lines before the front matter's YAML."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return "", text, 0
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() in {"---", "..."}:
            return "\n".join(lines[1:number]) + "\n", "\n".join(lines[number + 1 :]), 1
    return "", text, 0


def sections(text: str) -> tuple[Section, ...]:
    """Split a template's text into its sections, in order."""
    lines = text.split("\n")
    hidden = fenced_lines(lines) | commented_lines(lines)
    marks = _chosen(lines, outline(lines, hidden), hidden) or _comments(text)
    ends = [*(mark.line for mark in marks[1:]), len(lines)]
    return tuple(
        Section(mark, "\n".join((mark.rest, *lines[mark.line + 1 : end])).strip())
        for mark, end in zip(marks, ends, strict=False)
    )


def comments(text: str) -> tuple[str, ...]:
    """All HTML comments of a text, without their marks."""
    return tuple(found[1].strip() for found in _COMMENT.finditer(text))


def without_comments(text: str, known: frozenset[str]) -> str:
    """Take the template's own comments out of a text; what the author wrote into a comment of his own stays."""
    return _COMMENT.sub(lambda found: "" if fold(found[1]) in known else found[0], text) if "<!--" in text else text


def _chosen(lines: Sequence[str], marks: list[Mark], hidden: set[int]) -> list[Mark]:
    """Keep the marks that are sections: headings outweigh keys; beside headings only keys that stand alone count."""
    heads = [mark for mark in marks if mark.style != "key"]
    keys = [mark for mark in marks if mark.style == "key" and _HINT.match(mark.rest)]
    if not heads:
        return keys
    first = heads[0].line
    alone = [mark for mark in keys if mark.line < first or (not mark.bullet and _alone(lines, mark, hidden))]
    return sorted([*heads, *alone], key=lambda mark: mark.line)


def _alone(lines: Sequence[str], mark: Mark, hidden: set[int]) -> bool:
    """Tell whether a key is a paragraph by itself with nothing but comments until the next mark."""
    if mark.line and lines[mark.line - 1].strip() and mark.line - 1 not in hidden:
        return False
    for number in range(mark.line + 1, len(lines)):
        if number in hidden or not lines[number].strip():
            continue
        following = outline([lines[number]], set())
        return bool(following) and not following[0].bullet
    return True


def _comments(text: str) -> list[Mark]:
    """A template of comments only: each is a section, named by its first line."""
    marks = []
    for found in _COMMENT.finditer(text):
        label = found[1].strip().split("\n", 1)[0].strip("-#* \t")[:_LONGEST_LABEL].strip()
        if fold(label):
            marks.append(Mark(text.count("\n", 0, found.end()), "comment", label))
    return marks


def _fields(parts: Sequence[Section]) -> tuple[Field, ...]:
    fields: dict[str, Field] = {}
    for part in parts:
        identity = unique_id(slug(part.mark.label), fields)
        fields[identity] = Field(identity, part.mark.label, "section", prefill=part.prefill)
    return tuple(fields.values())

"""Reads a markdown issue template: headings, bold lines, `Key:` lines or comments become its fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.forms.document import Document
from bot.forms.form import unique_id
from bot.forms.label import fold, slug, unify_line_ends
from bot.forms.outline import Mark, Style, commented_lines, fenced_lines, outline
from bot.forms.template import MOST_FIELDS, Field, Template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HINT = re.compile(
    r"(?:\[.*\]|\(.*\)|<!--.*-->|<.*>|:\w+:|[?.\-_~*…` ]*|(?:e\.?g\.?|ex[.:]|i\.e\.).*)\Z", re.IGNORECASE
)
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


def _check_front(document: Document, entries: Mapping[str, object], *, has_front: bool) -> None:
    if not has_front:
        message = (
            "Without front matter (`name` and `about` between two lines of `---`) GitHub does not offer this template."
        )
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
    """Split a template's text into its sections, in order; beyond MOST_FIELDS, all is the last one's text."""
    lines = text.split("\n")
    hidden = fenced_lines(lines) | commented_lines(lines)
    marks = (_chosen(lines, outline(lines, hidden), hidden) or _comments(text))[:MOST_FIELDS]
    ends = [*(mark.line for mark in marks[1:]), len(lines)]
    return tuple(
        Section(mark, "\n".join((mark.rest, *lines[mark.line + mark.length : end])).strip())
        for mark, end in zip(marks, ends, strict=False)
    )


@dataclass(frozen=True, slots=True)
class Comment:
    """An HTML comment and where it stands in its text."""

    start: int
    end: int
    text: str
    """Without its marks."""


def comments(text: str) -> list[Comment]:
    """All HTML comments of a text that close."""
    found = []
    start = text.find("<!--")
    while start >= 0 and (end := text.find("-->", start + 4)) >= 0:
        found.append(Comment(start, end + 3, text[start + 4 : end].strip()))
        start = text.find("<!--", end + 3)
    return found


def without_comments(text: str, known: frozenset[str]) -> str:
    """Take the template's own comments (folded) out of a text; what the author wrote into one of his own stays."""
    kept, last = [], 0
    for comment in comments(text):
        if fold(comment.text) in known:
            kept.append(text[last : comment.start])
            last = comment.end
    return "".join((*kept, text[last:]))


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
    for found in comments(text)[:MOST_FIELDS]:
        label = found.text.split("\n", 1)[0].strip("-#* \t")[:_LONGEST_LABEL].strip()
        if label:
            line = text.count("\n", 0, found.start)
            marks.append(Mark(line, "comment", label, length=text.count("\n", found.start, found.end) + 1))
    return marks


def _fields(parts: Sequence[Section]) -> tuple[Field, ...]:
    fields: dict[str, Field] = {}
    for part in parts:
        identity = unique_id(slug(part.mark.label), fields)
        fields[identity] = Field(identity, part.mark.label, "section", prefill=part.prefill)
    return tuple(fields.values())

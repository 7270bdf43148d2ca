"""Writes the block to paste into a reply: one heading for each missing field, ready to be filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.forms.template import Finding
from bot.triage.escape import longest_run, visible


def ready_block(findings: Iterable[Finding]) -> str:
    """Give the block in a fence that nothing in it can close.

    It holds no hints: whatever stands under a heading could be taken for the author's answer.
    """
    text = "\n".join(line for finding in findings for line in _section(finding)).rstrip()
    fence = "`" * max(3, longest_run(text, "`") + 1)
    return f"{fence}markdown\n{text}\n{fence}"


def _section(finding: Finding) -> Iterator[str]:
    field = finding.field
    yield f"### {_first_line(field.label)}"
    yield ""
    if field.type == "checkboxes":
        # All required boxes, for a reply's section replaces the as a whole.
        required = [option.label for option in field.options if option.required]
        for label in required or [option.label for option in field.options]:
            ticked = bool(required) and label not in finding.unticked
            yield f"- [{'x' if ticked else ' '}] {_first_line(label)}"
    elif field.render:
        yield f"```{_first_line(field.render)}\n\n```"
    yield ""


def _first_line(text: str) -> str:
    return next((line.strip() for line in visible(text).split("\n") if line.strip()), "")

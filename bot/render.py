"""Words the bot's comments: Jinja templates of this project, or a repository's own under a sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.forms.label import without_links
from bot.forms.template import Field, Finding, Option, Problem
from bot.forms.template import Template as IssueTemplate
from bot.resources import resource
from bot.triage.block import ready_block
from bot.triage.escape import code, escape
from bot.triage.plan import REQUEST_MARKER
from bot.triage.policy import DEFAULT_POLICY, Policy
from bot.triage.wording import Choice, CommentName, Facts, NoticeName

MAX_COMMENT = 65_000
"""Characters; GitHub refuses more than 65,536."""
MAX_OPTIONS = 12
"""Named of a dropdown; the form shows them all."""
_SHOWN = (100, 30, 10, 3)
"""Fields or templates named in a comment, fewer while it is too long; three fit whatever their length."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A missing field as a comment's template sees it; every text is safe markdown."""

    label: str
    status: str
    reason: str
    options: str
    """What may be chosen in a dropdown, separated by commas; else empty."""
    boxes: str
    """The boxes still to be ticked, separated by commas; else empty."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A template to point to; every text is safe markdown."""

    name: str
    about: str
    url: str


class Renderer:
    """The wording of one repository; safe to share between threads.

    A comment's template may use `author`, `missing` (of Missing), `choices` (of Offer), `more` (how many of these were
    left out), `deadline`, `again` and `block` (what to paste into a reply; empty where the comment would be too long).
    """

    def __init__(self, policy: Policy = DEFAULT_POLICY) -> None:
        self._language = policy.request.language
        self._own: dict[CommentName, Template] = {}
        self._own_notices: dict[NoticeName, Template] = {}
        self._problems: list[Problem] = []
        for name in WORDINGS:
            self._compile(name, policy)
        for notice, place in _NOTICES.items():
            self._compile_notice(notice, place, policy)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the repository's own wordings; the built-in ones are used instead."""
        return tuple(self._problems)

    def write(self, name: CommentName, facts: Facts) -> str:
        """Word one comment; its hidden first line tells the Request from all else that the app wrote."""
        own = self._own.get(name)
        if own is not None:
            try:
                return _fitting(own, facts)
            except Exception:  # noqa: BLE001, S110 a repository's template may fail in any way; ours does not
                pass
        return _fitting(_built_in(self._language, name), facts)

    def notice(self, name: NoticeName, author: str, day: date | None = None) -> str:
        """Word a notice of the lifecycle. Its template may use `author` and `day`."""
        own = self._own_notices.get(name)
        if own is not None:
            try:
                return _noticed(own, author, day)
            except Exception:  # noqa: BLE001, S110 a repository's template may fail in any way; ours does not
                pass
        return _noticed(_built_in(self._language, name), author, day)

    def _compile_notice(self, name: NoticeName, place: tuple[str, str], policy: Policy) -> None:
        text = getattr(getattr(policy, place[0]), place[1])
        if text is None:
            return
        try:
            template = _sandboxed(text)
            _noticed(template, "octocat", None)
            _noticed(template, "", date(2030, 1, 31) if _closes_after(name, policy) else None)
        except Exception as error:  # noqa: BLE001 whatever it is, the maintainers should hear of it
            message = f"This wording cannot be used, so the built-in one is used: {error}"
            self._problems.append(policy.problem(place, message))
        else:
            self._own_notices[name] = template

    def _compile(self, name: CommentName, policy: Policy) -> None:
        text = getattr(policy.request.wording, name)
        if text is None:
            return
        try:
            template = _sandboxed(text)
            for facts in _SAMPLES:
                _fitting(template, facts)
        except Exception as error:  # noqa: BLE001 whatever it is, the maintainers should hear of it
            where = f" in its line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
            message = f"This wording cannot be used{where}, so the built-in one is used: {error}"
            self._problems.append(policy.problem(("request", "wording", name), message))
        else:
            self._own[name] = template


WORDINGS: tuple[CommentName, ...] = ("request", "choose_template", "resolved", "withdrawn")
_NOTICES: dict[NoticeName, tuple[str, str]] = {
    "reminder": ("needs_info", "reminder_comment"),
    "needs_info_closing": ("needs_info", "close_comment"),
    "stale": ("stale", "mark_comment"),
    "closing": ("stale", "close_comment"),
}
"""Where the policy may say it in its own words."""


@cache
def _environment(language: str) -> Environment:
    folder = resource("templates") / "comments"
    return Environment(
        loader=FileSystemLoader(folder if language == "en" else folder / language),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 this is markdown: every value is escaped for it before it comes here
        auto_reload=False,
    )


def _noticed(template: Template, author: str, day: date | None) -> str:
    name = escape(author) if author and author != "ghost" else ""
    text = _render(template, {"author": name, "day": day.isoformat() if day else ""})
    if text is None:
        raise ValueError(f"The comment would be longer than {MAX_COMMENT:,} characters.")
    if day is not None and day.isoformat() not in text:
        raise ValueError("It must say until when nothing is closed: {{ day }}.")
    return text


def _closes_after(name: NoticeName, policy: Policy) -> bool:
    """Whether this notice has to name a day."""
    stale = policy.stale
    days = {
        "reminder": [policy.needs_info.days_until_close],
        "stale": [stale.days_until_close, *(own.days_until_close for own in stale.labels.values())],
    }
    return any(days.get(name, []))


def _built_in(language: str, name: CommentName | NoticeName) -> Template:
    return _environment(language).get_template(f"{name}.md.j2")


_SANDBOX = ImmutableSandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_SANDBOX.filters = {
    name: _SANDBOX.filters[name]
    for name in ("capitalize", "default", "first", "last", "length", "lower", "title", "trim", "upper")
}
_SANDBOX.globals = {}
_ALLOWED = (
    *(nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.If, nodes.For, nodes.CondExpr),
    *(nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat),
)
"""None of these, and none of the filters, makes a text longer than what it is made of: so no calls, no arithmetic, no
assignment, no macros, no `join`. What a template can cost is bounded by its length and one loop over few fields."""

_MAX_DEPTH = 20
"""Jinja takes seconds to compile a chain of a hundred filters."""


def _sandboxed(text: str) -> Template:
    """Compile a repository's template, refusing what could run long or reach further than its values."""
    tree = _SANDBOX.parse(text)
    _refuse_unbounded(tree, loops=0, depth=0)
    return _SANDBOX.from_string(text)


def _refuse_unbounded(node: nodes.Node, loops: int, depth: int) -> None:
    for child in node.iter_child_nodes():
        line = getattr(child, "lineno", 1)
        if not isinstance(child, _ALLOWED):
            raise TemplateSyntaxError(f"`{type(child).__name__.lower()}` is not allowed here", line)
        inner = loops + isinstance(child, nodes.For)
        if inner > 1 or (isinstance(child, nodes.For) and child.recursive):
            raise TemplateSyntaxError("one loop may not stand in another", line)
        if depth > _MAX_DEPTH:
            raise TemplateSyntaxError("this is nested too deeply", line)
        _refuse_unbounded(child, inner, depth + 1)


def _fitting(template: Template, facts: Facts) -> str:
    """Render with as many fields as GitHub's limit allows; the block goes first."""
    block = ready_block(facts.findings) if facts.findings else ""
    for shown, with_block in ((_SHOWN[0], True), *((shown, False) for shown in _SHOWN)):
        text = _render(template, _values(facts, shown, block if with_block else ""))
        if text is not None:
            return f"{REQUEST_MARKER}\n{text}\n"
    raise ValueError(f"The comment would be longer than {MAX_COMMENT:,} characters.")


def _render(template: Template, values: Mapping[str, object]) -> str | None:
    """Render piece by piece, so that a text that grows too long is given up in time."""
    parts: list[str] = []
    length = 0
    for part in template.generate(values):
        length += len(part)
        if length > MAX_COMMENT:
            return None
        parts.append(part)
    return "".join(parts).strip()


def _values(facts: Facts, shown: int, block: str) -> dict[str, object]:
    return {
        "author": escape(facts.author),
        "missing": [_missing(finding) for finding in facts.findings[:shown]],
        "choices": [_offer(choice) for choice in facts.choices[:shown]],
        "more": max(0, len(facts.findings) - shown) + max(0, len(facts.choices) - shown),
        "deadline": facts.deadline.isoformat() if facts.deadline else "",
        "again": facts.again,
        "block": block,
    }


def _missing(finding: Finding) -> Missing:
    field = finding.field
    return Missing(
        label=escape(without_links(field.label), 150) or "(no name)",
        status=finding.status,
        # Only labels of boxes: in a policy's own message the address is what matters.
        reason=escape(without_links(finding.reason) if finding.unticked else finding.reason, 500),
        options=_listed([option.label for option in field.options]) if field.type == "dropdown" else "",
        boxes=_listed(finding.unticked),
    )


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(code(without_links(label), 120) for label in labels[:MAX_OPTIONS])
    return shown + ", …" if len(labels) > MAX_OPTIONS else shown


def _offer(choice: Choice) -> Offer:
    template = choice.template
    return Offer(escape(template.name, 100) or code(template.file, 100), escape(template.description), choice.url)


def _samples() -> Iterator[Facts]:
    """Give facts of every shape, to try a repository's wording before anybody sees it."""
    field = Field("version", "Version", "dropdown", required=True, options=(Option("1.0"), Option("2.0")))
    finding = Finding(field, "missing", "Nothing is chosen here.")
    template = IssueTemplate("bug.yml", ".github/ISSUE_TEMPLATE/bug.yml", "form", "Bug report", (field,))
    choice = Choice(template, "https://github.com/octo/demo/issues/new?template=bug.yml")
    yield Facts("octocat")
    yield Facts("octocat", (finding,), (choice,), date(2030, 1, 31), again=True)
    yield Facts("octocat", (finding, finding), (choice, choice))


_SAMPLES = tuple(_samples())

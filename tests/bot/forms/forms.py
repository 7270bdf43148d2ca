"""Small forms and repositories for tests, and short ways to check a body against them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import yaml

from bot.forms.check import Checker
from bot.forms.load import FOLDER, TemplateSet, load
from bot.forms.rules import NO_RULES, Rules
from bot.forms.template import Answer, Check, Submission


def element(kind: str, label: str, *, required: bool = False, **attributes: Any) -> dict[str, Any]:
    """One element of a form's body."""
    item: dict[str, Any] = {"type": kind, "attributes": {"label": label, **attributes}}
    if required:
        item["validations"] = {"required": True}
    return item


def boxes(label: str, *options: str, required: Sequence[str] = ()) -> dict[str, Any]:
    """A checkboxes element."""
    return element("checkboxes", label, options=[{"label": one, "required": one in required} for one in options])


def form(*elements: dict[str, Any], name: str = "Bug report", **keys: Any) -> bytes:
    """A form's file."""
    content = {"name": name, "description": "d", **keys, "body": list(elements)}
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode()


def template_set(**files: bytes | str) -> TemplateSet:
    """Load files given as `bug_yml=…`: the last `_` of a name is its dot."""
    named = {f"{FOLDER}/{'.'.join(name.rsplit('_', 1))}": content for name, content in files.items()}
    return load({path: content.encode() if isinstance(content, str) else content for path, content in named.items()})


def check(body: str, *elements: dict[str, Any], rules: Rules = NO_RULES, replies: Sequence[str] = ()) -> Check:
    """Check a body against one form made of these elements."""
    return Checker(template_set(bug_yml=form(*elements)), rules).check(Submission("t", body), replies)


def answer(text: str, kind: str, *, required: bool = True, rules: Rules = NO_RULES, **attributes: Any) -> Answer:
    """The answer of a form's only field, `Field`, with this text under it."""
    found = check(f"### Field\n\n{text}\n", element(kind, "Field", required=required, **attributes), rules=rules)
    assert found.match.template is not None
    return found.answers[0]


@contextmanager
def in_no_time() -> Iterator[None]:
    """What takes minutes where it is done by the square, and a second where it is not; by the processor's clock."""
    begun = time.thread_time()
    yield
    assert time.thread_time() - begun < 10

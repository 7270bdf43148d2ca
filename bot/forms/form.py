"""Reads an issue form (a YAML file) into a Template, reporting what GitHub would refuse."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import yaml

from bot.forms.document import Document, is_null
from bot.forms.label import slug
from bot.forms.template import MOST_FIELDS, Field, FieldType, Option, Template

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORM_KEYS = frozenset({"name", "description", "body", "title", "labels", "assignees", "projects", "type"})
_ELEMENT_KEYS = frozenset({"type", "id", "attributes", "validations"})
_TYPES: Final[dict[str, FieldType]] = {
    "input": "input", "textarea": "textarea", "dropdown": "dropdown", "checkboxes": "checkboxes", "upload": "upload",
}  # fmt: skip
_ATTRIBUTES: Final[dict[FieldType, frozenset[str]]] = {
    "input": frozenset({"label", "description", "placeholder", "value"}),
    "textarea": frozenset({"label", "description", "placeholder", "value", "render"}),
    "dropdown": frozenset({"label", "description", "multiple", "options", "default"}),
    "checkboxes": frozenset({"label", "description", "options"}),
    "upload": frozenset({"label", "description"}),
}
_ID = re.compile(r"[A-Za-z0-9_-]+")
_PLACE = re.compile(r"[0-9]{1,9}")
"""Of an option; Python refuses to read a number of thousands of digits."""


def load_form(text: str, path: str, file: str, document: Document) -> Template | None:
    """Read one form; None when it asks for nothing. A form with lesser faults is kept, but GitHub does not show it."""
    node = document.compose(text)
    if node is None:
        if not document.problems:
            document.report(None, "The file is empty.")
        return None
    entries = document.mapping(node, "an issue form")
    if not entries:
        return None
    document.unknown_keys(entries, _FORM_KEYS, "an issue form")
    for key in ("name", "description", "body"):
        if key not in entries:
            document.report(node, f"An issue form needs the key `{key}`.")
    name = document.text(entries.get("name"), "`name`", may_be_blank=False)
    description = document.text(entries.get("description"), "`description`", may_be_blank=False)
    document.words(entries.get("projects"), "`projects`")
    fields = _fields(document, entries.get("body"))
    if not fields:
        document.report(entries.get("body", node), "`body` needs at least one element that is not markdown.")
        return None
    return Template(
        file=file,
        path=path,
        kind="form",
        name=name,
        fields=fields,
        description=description,
        title=document.text(entries.get("title"), "`title`"),
        labels=document.words(entries.get("labels"), "`labels`"),
        assignees=document.words(entries.get("assignees"), "`assignees`"),
        type=document.text(entries.get("type"), "`type`"),
        shown=not document.broken,
    )


def unique_id(wanted: str, taken: Iterable[str]) -> str:
    """Number an id that is in use already."""
    used, candidate, number = set(taken), wanted or "field", 1
    while candidate in used:
        number += 1
        candidate = f"{wanted or 'field'}-{number}"
    return candidate


def _fields(document: Document, body: yaml.Node | None) -> tuple[Field, ...]:
    fields: dict[str, Field] = {}
    references: dict[str, bool] = {}
    for element in document.sequence(body, "`body`"):
        entries = document.mapping(element, "an element of `body`")
        document.unknown_keys(entries, _ELEMENT_KEYS, "a form element")
        kind = document.text(entries.get("type"), "`type`")
        if kind == "markdown":
            _check_markdown(document, element, entries)
            continue
        if kind not in _TYPES:
            if entries:
                known = ", ".join((*_TYPES, "markdown"))
                document.report(
                    entries.get("type", element), f"An element's `type` must be one of {known}; found `{kind}`."
                )
            continue
        field = _field(document, element, entries, _TYPES[kind])
        if field is None:
            continue
        if len(fields) == MOST_FIELDS:
            document.report(element, f"A form is read up to its field {MOST_FIELDS}; nobody fills in more.", "warning")
            break
        has_id = bool(field.id)
        reference = field.id or slug(field.label)
        if reference in references and (has_id or not references[reference]):
            hint = "Give each its own `id`." if has_id else "Give one of them an `id`."
            document.report(element, f"Two fields share the reference `{reference}`. {hint}")
        references.setdefault(reference, has_id)
        identity = unique_id(reference, fields)
        fields[identity] = replace(field, id=identity)
    return tuple(fields.values())


def _check_markdown(document: Document, element: yaml.Node, entries: dict[str, yaml.Node]) -> None:
    attributes = document.mapping(entries.get("attributes"), "`attributes`")
    if not document.text(attributes.get("value"), "`value`"):
        document.report(attributes.get("value", element), "A markdown element needs a `value`.")


def _field(document: Document, element: yaml.Node, entries: dict[str, yaml.Node], kind: FieldType) -> Field | None:
    attributes = document.mapping(entries.get("attributes"), "`attributes`")
    label = document.text(attributes.get("label"), "`label`", may_be_blank=False)
    if not label:
        if "label" not in attributes:
            document.report(element, f"An element of type {kind} needs a `label`.")
        return None
    document.unknown_keys(attributes, _ATTRIBUTES[kind], f"the attributes of {kind}", "warning")
    identity = document.text(entries.get("id"), "`id`")
    if identity and not _ID.fullmatch(identity):
        document.report(entries["id"], f"The id `{identity}` may hold only letters, digits, `-` and `_`.")
    validations = entries.get("validations")
    rules = {} if validations is None or is_null(validations) else document.mapping(validations, "`validations`")
    required = document.flag(rules.get("required"), "`required`")
    options = _options(document, element, attributes, kind) if kind in {"dropdown", "checkboxes"} else ()
    _check_default(document, attributes.get("default"), len(options))
    return Field(
        id=identity,
        label=label,
        type=kind,
        # GitHub asks boxes one by one: `required` on the whole element is accepted and without effect.
        required=any(option.required for option in options) if kind == "checkboxes" else required,
        description=document.text(attributes.get("description"), "`description`"),
        placeholder=document.text(attributes.get("placeholder"), "`placeholder`"),
        prefill=document.text(attributes.get("value"), "`value`"),
        options=options,
        multiple=document.flag(attributes.get("multiple"), "`multiple`"),
        render=document.text(attributes.get("render"), "`render`"),
    )


def _options(
    document: Document, element: yaml.Node, attributes: dict[str, yaml.Node], kind: FieldType
) -> tuple[Option, ...]:
    found: dict[str, Option] = {}
    for item in document.sequence(attributes.get("options"), "`options`"):
        required = False
        if kind == "checkboxes":
            entries = document.mapping(item, "an option of checkboxes")
            label = document.text(entries.get("label"), "an option's `label`", may_be_blank=False)
            if entries and "label" not in entries:
                document.report(item, "An option of checkboxes needs a `label`.")
            required = document.flag(entries.get("required"), "`required`")
        else:
            label = document.text(item, "An option", may_be_blank=False)
            if label.casefold() == "none":
                document.report(
                    item, "The option `None` is reserved: GitHub adds it to an optional dropdown by itself."
                )
        if label in found:
            document.report(item, f"The option `{label}` stands twice.")
        elif label:
            found[label] = Option(label, required)
    if not found:
        document.report(attributes.get("options", element), f"An element of type {kind} needs `options`.")
    return tuple(found.values())


def _check_default(document: Document, node: yaml.Node | None, count: int) -> None:
    if node is None or is_null(node):
        return
    value = document.text(node, "`default`")
    if not _PLACE.fullmatch(value) or int(value) >= max(count, 1):
        document.report(node, f"`default` must be the place of an option, 0 to {max(count, 1) - 1}; found `{value}`.")

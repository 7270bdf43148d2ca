"""Whatever a user can name is documented: policy keys, commands, settings, actions, pages and figures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from starlette.routing import Route

from bot.cli.verdicts import as_json
from bot.forms.check import Checker
from bot.forms.load import load
from bot.forms.template import Submission
from bot.settings import Settings
from bot.store.database import Database
from bot.triage.plan import Action
from bot.triage.policy import DEFAULT_POLICY, CommandName, Policy, json_schema, load_policy
from bot.web.app import create_app
from bot.web.health import Metrics
from bot.work.engine import Engine
from docs.generate import pages as generated_pages
from tests.docs.reading import DOCS, ROOT, Block, blocks, text_of

POLICY = DOCS / "reference/policy.md"
COMMANDS = DOCS / "reference/commands.md"
ENVIRONMENT = DOCS / "reference/environment.md"
HTTP = DOCS / "reference/http.md"


def section(page: Path, heading: str) -> str:
    """A page's part under a `## ` heading."""
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text_of(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section {heading!r}"
    return found[1]


def keys(described: Mapping[str, Any]) -> Iterator[str]:
    """The names of all keys below a part of the policy, whichever way the schema leads there."""
    match described:
        case {"$ref": str(reference)}:
            yield from keys(json_schema()["$defs"][reference.rpartition("/")[2]])
        case {"properties": dict(properties)}:
            for name, inner in properties.items():
                if not is_other_spelling(inner):
                    yield name
                    yield from keys(inner)
        case {"additionalProperties": dict(inner)}:
            yield from keys(inner)
        case {"anyOf": list(choices)}:
            for inner in choices:
                yield from keys(inner)


def is_other_spelling(described: Mapping[str, Any]) -> bool:
    return "/properties/" in described.get("$ref", "")


POLICY_SECTIONS = list(json_schema()["properties"].items())


@pytest.mark.parametrize(("name", "described"), POLICY_SECTIONS, ids=[name for name, _ in POLICY_SECTIONS])
def test_every_policy_key_is_documented_in_its_section(name: str, described: dict[str, Any]):
    text = section(POLICY, name)
    undocumented = [key for key in keys(described) if f"`{key}`" not in text]
    assert not undocumented


def test_the_walk_through_the_policy_finds_keys_at_every_depth():
    found = {key for _, described in POLICY_SECTIONS for key in keys(described)}
    assert {"needs_info", "color", "maintainers", "request", "pattern", "skip-triage"} <= found


def test_every_other_spelling_of_a_key_is_documented():
    spellings = {
        name
        for definition in json_schema()["$defs"].values()
        for name, described in definition.get("properties", {}).items()
        if is_other_spelling(described)
    }
    assert "days-before-stale" in spellings
    assert not [name for name in spellings if f"`{name}`" not in text_of(POLICY)]


def test_the_documented_defaults_are_the_defaults():
    (block, *_) = [block for block in blocks(POLICY) if block.text.startswith("enabled:")]
    assert load_policy(block.text.encode()).model_dump() == DEFAULT_POLICY.model_dump()


def test_the_documented_defaults_name_every_section():
    (block, *_) = [block for block in blocks(POLICY) if block.text.startswith("enabled:")]
    assert set(re.findall(r"^(\w+):", block.text, re.MULTILINE)) == set(Policy.model_fields)


EXAMPLES = [
    block for page in (POLICY, DOCS / "howto/tune-the-policy.md") for block in blocks(page) if block.language == "yaml"
]


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: f"{block.page.stem}: {block.text.splitlines()[0]}")
def test_every_policy_shown_in_the_docs_is_one(block: Block):
    load_policy(block.text.encode())


@pytest.mark.parametrize("name", get_args(CommandName))
def test_every_slash_command_is_documented_with_who_may_use_it(name: str):
    (row,) = re.findall(rf"^\| `/{name}[ `].*$", text_of(COMMANDS), re.MULTILINE)
    assert DEFAULT_POLICY.commands.permission(name) in row


@pytest.mark.parametrize("page", generated_pages(), ids=lambda page: page.name)
def test_what_make_docs_writes_is_up_to_date(page: Path):
    assert text_of(page) == generated_pages()[page]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str):
    field = Settings.model_fields[name]
    variable = str(field.validation_alias or name).upper()
    (row,) = re.findall(rf"^\| `{variable}` .*$", text_of(ENVIRONMENT), re.MULTILINE)
    if field.default not in (None, ""):
        assert f"`{str(field.default).lower()}`" in row.lower()


@pytest.mark.parametrize("action", Action.__subclasses__(), ids=lambda action: action.kind)
def test_every_action_is_explained(action: type[Action]):
    assert f"| `{action.kind}` |" in text_of(DOCS / "explanation/how-it-decides.md")


def test_every_address_is_documented():
    app, _ = create_app(Settings(), lambda *_: pytest.fail("nothing is started"))
    addresses = {route.path_format for route in app.routes if isinstance(route, Route)}
    assert len(addresses) > 5
    assert not [address for address in addresses if f" {address}`" not in text_of(HTTP)]


def test_the_description_for_machines_has_the_same_addresses():
    app, _ = create_app(Settings(), lambda *_: pytest.fail("nothing is started"))
    served = {
        (route.path_format, method)
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = yaml.safe_load(text_of(DOCS / "reference/openapi.yml"))["paths"]
    assert {(path, method.upper()) for path, methods in described.items() for method in methods} == served


class NothingToRun:
    def run(self, lane: str) -> bool:
        pytest.fail(f"{lane}: nothing is run here")

    def stop(self) -> None:
        pass


@pytest.fixture
def gauges(tmp_path: Path) -> Iterator[dict[str, float]]:
    database = Database(f"sqlite:///{tmp_path / 'triage.db'}")
    database.migrate()
    yield Engine(database, NothingToRun()).figures()
    database.close()


def test_every_metric_is_documented(gauges: dict[str, float]):
    text = section(HTTP, "Metrics")
    shown = bytes(Metrics(lambda: None).response().body).decode()
    names = {*re.findall(r"^# TYPE (\w+)", shown, re.MULTILINE), *(f"triage_{name}" for name in gauges)}
    names = {name for name in names if not name.endswith("_created")}
    assert {"triage_actions_total", "triage_dead_letters", "triage_webhook_seconds"} <= names
    assert not [name for name in sorted(names) if f"`{name}`" not in text]


@pytest.mark.parametrize("template", sorted((ROOT / "templates/comments").glob("*.j2")), ids=lambda path: path.name)
def test_every_comment_that_can_be_reworded_is_documented(template: Path):
    name = template.name.partition(".")[0]
    if not name.startswith("_"):
        assert any(f"`{name}`" in section(POLICY, heading) for heading in ("request", "needs_info", "stale"))


def test_the_documented_output_of_check_is_its_output():
    page = DOCS / "reference/check.md"
    given, shown = (json.loads(block.text) for block in blocks(page) if block.language == "json")
    field = "{type: input, id: version, attributes: {label: Version}, validations: {required: true}}"
    form = f"name: Bug report\ndescription: Something broke.\nbody:\n- {field}\n"
    templates = load({".github/ISSUE_TEMPLATE/bug_report.yml": form.encode()})
    check = Checker(templates).check(Submission(given["title"], given["body"], tuple(given["labels"])))
    printed = as_json(given["id"], check)
    assert {**printed, "confidence": 0} == {**shown, "confidence": 0}
    assert not [key for key in [*printed, *printed["fields"][0]] if f"| `{key}` |" not in text_of(page)]

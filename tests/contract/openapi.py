"""GitHub's OpenAPI description as validators: of the requests and answers of its REST API, and of its webhooks."""

from __future__ import annotations

import re
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from tests.contract.promises import OCTOKIT

REST = OCTOKIT / "openapi/generated/api.github.com.json"
WEBHOOKS = OCTOKIT / "openapi-webhooks/generated/api.github.com.json"

GENERAL = frozenset({301, 302, 304, 307, 400, 401, 403, 404, 410, 422, 429, 500, 502, 503, 504})
"""Any operation may answer so, described or not; then only the shape of the error is checked."""


class Schemas:
    """The components of one description, in the words of JSON Schema."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._components = description["components"]
        self._converted: dict[str, Any] = {}

    def validator(self, schema: dict[str, Any]) -> jsonschema_rs.Validator:
        """With as many definitions as the schema reaches."""
        whole, reached = dict(self._convert(schema)), {}
        waiting = self._references(whole)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached[name] = self._definition(name)
                waiting |= self._references(reached[name])
        whole["$defs"] = reached
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)

    def resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        """A parameter or response, which the description may keep among its components."""
        reference = part.get("$ref")
        if reference is None:
            return part
        kind, name = reference.removeprefix("#/components/").split("/")
        found: dict[str, Any] = self._components[kind][name]
        return found

    def _definition(self, name: str) -> Any:
        if name not in self._converted:
            self._converted[name] = self._convert(self._components["schemas"][name])
        return self._converted[name]

    def _references(self, schema: Any) -> set[str]:
        if isinstance(schema, list):
            return {name for entry in schema for name in self._references(entry)}
        if not isinstance(schema, dict):
            return set()
        found = {name for entry in schema.values() for name in self._references(entry)}
        reference = schema.get("$ref")
        return found | {reference.removeprefix("#/$defs/")} if isinstance(reference, str) else found

    def _convert(self, schema: Any) -> Any:
        """OpenAPI 3.0 writes `nullable` where JSON Schema has a type `null`; examples are left out."""
        if isinstance(schema, list):
            return [self._convert(entry) for entry in schema]
        if not isinstance(schema, dict):
            return schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return {"$ref": reference.replace("#/components/schemas/", "#/$defs/")}
        kept = {
            name: {key: self._convert(value) for key, value in entry.items()}
            if name == "properties"
            else self._convert(entry)
            for name, entry in _mended(schema).items()
            if name not in {"example", "examples", "nullable", "description", "default", "xml", "discriminator"}
        }
        return {"anyOf": [{"type": "null"}, kept]} if schema.get("nullable") is True else kept


class Api:
    """The REST API."""

    def __init__(self, path: Path = REST) -> None:
        self._description = orjson.loads(path.read_bytes())
        self._schemas = Schemas(self._description)
        self._paths = {_anonymous(template): operations for template, operations in self._description["paths"].items()}
        self._validators: dict[tuple[str, str, str], jsonschema_rs.Validator | None] = {}

    def describes(self, method: str, template: str) -> bool:
        return method.lower() in self._paths.get(_anonymous(template), {})

    def check_request(self, method: str, template: str, query: dict[str, str], body: Any) -> list[str]:
        operation = self._paths[_anonymous(template)][method.lower()]
        parameters = [self._schemas.resolved(one) for one in operation.get("parameters", [])]
        known = {one["name"]: one["schema"] for one in parameters if one["in"] == "query"}
        wrong = [f"query: GitHub knows no parameter {name}" for name in query if name not in known]
        for name in query.keys() & known.keys():
            validator = self._schemas.validator(known[name])
            if not any(validator.is_valid(value) for value in (query[name], _typed(query[name]))):
                wrong.append(f"query {name}: {query[name]!r} is no value for it")
        content = self._schemas.resolved(operation.get("requestBody", {})).get("content", {})
        if "application/json" in content and body is not None:
            validator = self._validator(method, template, "request", content["application/json"]["schema"])
            wrong += _errors("request", validator, body)
        return wrong

    def check_response(self, method: str, template: str, status: int, body: Any) -> list[str]:
        responses = self._paths[_anonymous(template)][method.lower()]["responses"]
        if str(status) not in responses:
            return self.check_error(body) if status in GENERAL else [f"{status} is no answer that GitHub describes"]
        content = self._schemas.resolved(responses[str(status)]).get("content", {})
        if isinstance(body, bytes):
            return []
        if not content and status >= 400:
            return self.check_error(body)
        if not content:
            return [] if body in (None, {}) else ["the answer should be empty"]
        schema = (content.get("application/json") or next(iter(content.values())))["schema"]
        if body is None:
            return ["the answer should not be empty"]
        return _errors(str(status), self._validator(method, template, str(status), schema), body)

    def check_error(self, body: Any) -> list[str]:
        if body is None:
            return []
        return _errors("error", self._validator("", "", "", {"$ref": "#/components/schemas/basic-error"}), body)

    def _validator(self, method: str, template: str, part: str, schema: dict[str, Any]) -> jsonschema_rs.Validator:
        key = (method, template, part)
        validator = self._validators.get(key)
        if validator is None:
            validator = self._validators[key] = self._schemas.validator(schema)
        return validator


class Webhooks:
    """The webhooks' payloads."""

    def __init__(self, path: Path = WEBHOOKS) -> None:
        self._description = orjson.loads(path.read_bytes())
        self._schemas = Schemas(self._description)
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    def check(self, event: str, payload: dict[str, Any]) -> list[str]:
        action = payload.get("action")
        name = "-".join([event, action] if isinstance(action, str) else [event]).replace("_", "-")
        described = self._description["webhooks"].get(name)
        if described is None:
            return [f"GitHub sends no webhook {name}"]
        validator = self._validators.get(name)
        if validator is None:
            schema = described["post"]["requestBody"]["content"]["application/json"]["schema"]
            validator = self._validators[name] = self._schemas.validator(schema)
        return _errors(name, validator, payload)

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(self._description["webhooks"])


def _anonymous(template: str) -> str:
    """Without the parameters' names, in which descriptions differ."""
    return re.sub(r"\{[^}]*\}", "{}", template)


def _mended(schema: dict[str, Any]) -> dict[str, Any]:
    """The listing of installations says that an account is a user and an enterprise at once: one of them is meant."""
    titles = [part.get("title") for part in schema.get("allOf", ()) if isinstance(part, dict)]
    if titles != ["Simple User", "Enterprise"]:
        return schema
    return {("anyOf" if name == "allOf" else name): entry for name, entry in schema.items()}


def _typed(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if text.isdecimal() else text


def _errors(what: str, validator: jsonschema_rs.Validator, instance: Any) -> list[str]:
    return [
        f"{what} at /{'/'.join(map(str, error.instance_path))}: {error.message[-300:]}"
        for error in validator.iter_errors(instance)
    ]


@cache
def api() -> Api:
    return Api()


@cache
def webhooks() -> Webhooks:
    return Webhooks()

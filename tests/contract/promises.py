"""Holds what passes between the bot and the fake GitHub against what GitHub describes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from tests.fakes.github import Running
from tests.fakes.github.asgi import Exchange

OCTOKIT = Path(__file__).parent / "node_modules/@octokit"
HINT = "npm install --prefix tests/contract (make test does it where Node is installed)"


def available() -> bool:
    return (OCTOKIT / "openapi/package.json").is_file()


def broken(running: Running, payloads: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Every promise broken in a test, worded for its report."""
    from tests.contract.openapi import webhooks  # noqa: PLC0415 - tens of megabytes, for the tests that need them

    found: list[str] = []
    for exchange in running.exchanges:
        found += [f"{exchange.method} {exchange.path}: {wrong}" for wrong in check_exchange(exchange)]
    for event, payload in payloads:
        found += [f"webhook {event}: {wrong}" for wrong in webhooks().check(event, payload)]
    return list(dict.fromkeys(found))


def check_exchange(exchange: Exchange) -> list[str]:
    if exchange.path == "/graphql":
        return check_graphql(exchange)
    from tests.contract.openapi import api  # noqa: PLC0415 - as above

    if not exchange.template or not api().describes(exchange.method, exchange.template):
        # The bot asked for something that GitHub does not have, either.
        return [f"GitHub describes no such operation ({exchange.status})"]
    wrong = []
    if exchange.status < 400:
        wrong += api().check_request(exchange.method, exchange.template, exchange.query, exchange.body)
    if not exchange.faulty:
        wrong += api().check_response(exchange.method, exchange.template, exchange.status, exchange.answer)
    return wrong


@cache
def github_schema() -> Any:
    from graphql import build_schema  # noqa: PLC0415 - as above

    text = (OCTOKIT / "graphql-schema/schema.graphql").read_text(encoding="utf-8")
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)  # it is not, here and there


def check_graphql(exchange: Exchange) -> list[str]:
    from graphql import GraphQLError, parse, validate  # noqa: PLC0415 - as above

    query = (exchange.body or {}).get("query", "")
    try:
        return [error.message for error in validate(github_schema(), parse(query))]
    except GraphQLError as error:
        return [error.message]

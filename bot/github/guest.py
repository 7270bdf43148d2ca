"""Reads repositories without an App: with a person's token, or without any what is public."""

from __future__ import annotations

from github.Auth import Token

from bot.github.client import DEFAULT_API_URL, Client
from bot.github.quota import Quota
from bot.github.reader import FileCache, Identity, MemoryCache, Reader
from bot.github.threads import ThreadReader


class _Nobody:
    """Has written no comment."""

    id = 0
    slug = ""


_NOBODY = _Nobody()


def guest_threads(token: str, api_url: str = DEFAULT_API_URL, identity: Identity = _NOBODY) -> ThreadReader:
    """GraphQL answers nobody without a token. `identity`: whose comments are the bot's own."""
    return ThreadReader(Client(Token(token), Quota(), api_url=api_url, timeout=30), identity)


def guest_reader(token: str = "", api_url: str = DEFAULT_API_URL, cache: FileCache | None = None) -> Reader:
    client = Client(Token(token) if token else None, Quota(), api_url=api_url)
    return Reader(client, _NOBODY, MemoryCache() if cache is None else cache)

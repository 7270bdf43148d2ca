"""A page that shows the demo's issues in a browser, beside the API of the fake GitHub."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

from markdown_it import MarkdownIt

from tests.fakes.github import FakeGitHub
from tests.fakes.github.model import Comment, Issue, Label

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1rem; color: #1f2328 }
h2 { margin: 2.5rem 0 .3rem; font-size: 1.2rem } h2 a { color: inherit } small, .by { color: #59636e }
.label { border-radius: 1rem; padding: .1rem .6rem; font-size: .8rem; margin-right: .3rem }
.box { border: 1px solid #d1d9e0; border-radius: .5rem; margin: .7rem 0; padding: 0 1rem; overflow-x: auto }
.box > p:first-child { margin: 0 -1rem; padding: .4rem 1rem; background: #f6f8fa; border-bottom: 1px solid #d1d9e0 }
.bot { border-color: #54aeff } pre { background: #f6f8fa; padding: .7rem; overflow-x: auto }
"""
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
# The bot's own comments alone may fold and hide things: what people write is shown as text.
BOT_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

Scope = dict[str, Any]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]


class Page:
    """Answers `GET /`; the rest goes on to the API."""

    def __init__(self, fake: FakeGitHub, api: Asgi) -> None:
        self._fake, self._api = fake, api

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/":
            await self._api(scope, receive, send)
            return
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", b"script-src 'none'")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.render().encode()})

    def render(self) -> str:
        with self._fake.lock:
            (repository,) = self._fake.repositories.values()
            issues = "".join(_issue(issue) for issue in reversed(repository.issues.values()))
        name = escape(repository.full_name)
        return (
            f'<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">'
            f'<link rel=icon href="data:,"><title>{name}</title><style>{STYLE}</style>'
            f"<h1>{name}</h1><p>The issues of the demo, newest first. Reload to see what changed.</p>{issues}"
        )


def _issue(issue: Issue) -> str:
    author = issue.author.login if issue.author else "ghost"
    labels = "".join(_label(label) for label in issue.labels) or "<small>no labels</small>"
    comments = "".join(_comment(comment) for comment in issue.comments)
    markdown = BOT_MARKDOWN if issue.app else MARKDOWN
    body = markdown.render(issue.body or "") or "<p><small>No description provided.</small></p>"
    return (
        f'<h2 id="{issue.number}"><a href="#{issue.number}">#{issue.number}</a> {escape(issue.title)}'
        f" <small>{issue.state}</small></h2><p>{labels}</p>"
        f'<div class="box"><p><b>{escape(author)}</b> <span class="by">opened this</span></p>{body}</div>{comments}'
    )


def _label(label: Label) -> str:
    red, green, blue = (int(label.color[start : start + 2], 16) for start in (0, 2, 4))
    ink = "#000" if red * 299 + green * 587 + blue * 114 > 128_000 else "#fff"
    return f'<span class="label" style="background:#{label.color};color:{ink}">{escape(label.name)}</span>'


def _comment(comment: Comment) -> str:
    is_bot = comment.app is not None
    author = escape(comment.author.login if comment.author else "ghost")
    shown = (BOT_MARKDOWN if is_bot else MARKDOWN).render(comment.body)
    reactions = ", ".join(reaction.content for reaction in comment.reactions)
    said = f'<p><b>{author}</b> <span class="by">{escape(reactions)}</span></p>{shown}'
    if comment.minimized:
        said = f"<details><summary>{author}: marked as {escape(comment.minimized)}</summary>{said}</details>"
    return f'<div class="box{" bot" if is_bot else ""}">{said}</div>'

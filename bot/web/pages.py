"""Renders the few pages for people: Jinja2 with autoescape, under a policy that lets nothing else load or run."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from bot.resources import resource

_FOLDER = resource("templates") / "pages"
_STYLE = (_FOLDER / "style.css").read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a Content-Security-Policy names what may stand in the page."""
    return b64encode(sha256(text.encode()).digest()).decode()


_STYLE_HASH = _hash(_STYLE)
_PAGES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def page(name: str, *, status: int = 200, posts_to: str = "'self'", script: str = "", **context: Any) -> HTMLResponse:
    """The page `templates/pages/{name}.html.j2`; its forms may post to these origins only.

    `script` is a file beside it: the only one that may run there, and it may ask this service alone.
    """
    code = (_FOLDER / script).read_text(encoding="utf-8") if script else ""
    html = _PAGES.get_template(f"{name}.html.j2").render(style=_STYLE, script=code, **context)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action {posts_to};"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    if code:
        policy += f"; script-src 'sha256-{_hash(code)}'; connect-src 'self'"
    return HTMLResponse(html, status, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})

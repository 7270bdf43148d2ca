"""The latest report of a public repository as a page."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from bot.reports import html, json_file
from bot.web.pages import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from bot.web.service import Service

_STYLE_HASH = b64encode(sha256(html.STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"


class Reports:
    """Of public repositories only: nobody signs in here yet."""

    def __init__(self, service: Callable[[], Service | None]) -> None:
        self._service = service

    async def show(self, request: Request) -> Response:
        service = self._service()
        owner, name = request.path_params["owner"], request.path_params["name"]
        content = await run_in_threadpool(service.report, owner, name) if service else None
        if content is None:
            return page("message", status=404, title="No report", text="There is none at this address.")
        # Made anew from what is kept, so that a report of last week looks as this release shows it.
        made = await run_in_threadpool(lambda: html.document(json_file.load(content)))
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
        return HTMLResponse(made, headers=headers)

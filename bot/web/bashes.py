"""The board of a bash as a page that follows by itself, and as the JSON that it asks for."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from bot.web.pages import page

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from bot.web.service import Service


class Boards:
    """Of public repositories only: nobody signs in here yet."""

    def __init__(self, service: Callable[[], Service | None]) -> None:
        self._service = service

    async def show(self, request: Request) -> Response:
        """Readable without a script; with one, it follows."""
        board = await self._board(request)
        if board is None:
            return page("message", status=404, title="No such bash", text="There is none at this address.")
        return page(
            "bash", script="bash.js", board=board, repository=_repository(request), number=request.path_params["number"]
        )

    async def data(self, request: Request) -> Response:
        board = await self._board(request)
        if board is None:
            return JSONResponse({"error": "There is no bash at this address."}, 404)
        content = orjson.dumps(board)
        tag = f'"{sha256(content).hexdigest()[:20]}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="application/json", headers=headers)

    async def _board(self, request: Request) -> dict[str, Any] | None:
        service = self._service()
        if service is None:
            return None
        owner, name, number = (request.path_params[part] for part in ("owner", "name", "number"))
        return await run_in_threadpool(service.board, owner, name, number)


def _repository(request: Request) -> str:
    return f"{request.path_params['owner']}/{request.path_params['name']}"

"""GitHub's refusals, in GitHub's words."""

from __future__ import annotations

from typing import Any

DOCS = "https://docs.github.com/rest"


class ApiError(Exception):
    """An answer other than success; `body` is its JSON."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.headers = headers or {}
        self.body: dict[str, Any] = {"message": message, **more}
        self.body.setdefault("documentation_url", DOCS)
        self.body.setdefault("status", str(status))


def not_found() -> ApiError:
    return ApiError(404, "Not Found")


def not_accessible() -> ApiError:
    return ApiError(403, "Resource not accessible by integration")


def bad_credentials() -> ApiError:
    return ApiError(401, "Bad credentials")


def invalid(resource: str, field: str, code: str, message: str = "") -> ApiError:
    """422 with one entry in `errors`."""
    entry = {"resource": resource, "code": code, "field": field}
    if message:
        entry["message"] = message
    return ApiError(422, "Validation Failed", errors=[entry])


def bad_json() -> ApiError:
    return ApiError(400, "Problems parsing JSON")

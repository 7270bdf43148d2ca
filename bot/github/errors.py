"""What can go wrong when talking to GitHub, sorted by what the caller should do about it."""

from __future__ import annotations

from datetime import UTC, datetime


class GitHubError(Exception):
    """A call to GitHub did not do what was asked. The message names the call and holds no secret."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """GitHub's HTTP status, or None where no answer came."""


class LimitReached(GitHubError):
    """A rate limit, GitHub's or our own budget: nothing was done, and `until` says when to come again."""

    def __init__(self, message: str, until: datetime, status: int | None = None) -> None:
        super().__init__(f"{message}; not before {until.astimezone(UTC).isoformat(timespec='seconds')}", status)
        self.until = until


class Suspended(LimitReached):
    """The account's owner has suspended the App there: nothing was done, and nothing can be until that is undone."""


class Fenced(LimitReached):
    """This process may have lost its work to others: nothing was done, and whether it may go on is soon known."""


class Unavailable(GitHubError):
    """No usable answer (5xx, timeout, a token not known yet): a write may have happened, so look first."""


class Behind(Unavailable):
    """GitHub answered, but may not show yet what was last changed."""


class NotFound(GitHubError):
    """It is gone, was moved to another repository, or may not be seen (404, 410)."""


class Forbidden(GitHubError):
    """The App may not do this (401, or 403 that is no limit): asking again will not help."""


class Rejected(GitHubError):
    """GitHub refused the request itself (422 and the other 4xx), or answered what cannot be understood."""

    def __init__(self, message: str, status: int | None = None, codes: frozenset[str] = frozenset()) -> None:
        super().__init__(message, status)
        self.codes = codes
        """The `code`s of a validation error, such as `already_exists`."""

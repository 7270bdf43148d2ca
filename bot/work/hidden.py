"""Whether GitHub shows a repository: of an issue in one that is hidden it says the same as of one that is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.github.errors import GitHubError, NotFound

if TYPE_CHECKING:
    from bot.triage.issue import Repository
    from bot.work.ports import Installed


class Hidden:
    """Asks once for a batch, where it is; one that GitHub shows may be taken away at any time."""

    def __init__(self) -> None:
        self._answer: NotFound | None = None

    def why(self, repository: Repository, installed: Installed) -> GitHubError | None:
        """Why GitHub does not show it; None where it does."""
        if self._answer is not None:
            return self._answer
        try:
            found = installed.reader.repository(repository.owner, repository.name)
        except NotFound as error:
            self._answer = error
        except GitHubError as error:
            return error
        else:
            if found.id != repository.id:
                self._answer = NotFound(f"{repository.full_name} is another repository now")
        return self._answer

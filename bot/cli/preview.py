"""Where a preview gets its facts: a checkout's folder, the App's installation, or GitHub as anyone sees it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from bot.cli.folder import template_files
from bot.github.app import App
from bot.github.errors import GitHubError, LimitReached, NotFound
from bot.github.events import Event, parse_event
from bot.github.guest import guest_reader, guest_threads
from bot.github.reader import FileCache, Reader, RepositoryFiles
from bot.store import commands, issues
from bot.store.database import Database, StoreError
from bot.triage.policy import POLICY_PATH
from bot.work.preview import Shown, context_for, plan_for_event, policy_in

if TYPE_CHECKING:
    from bot.cli.payloads import Payload
    from bot.forms.template import Problem
    from bot.github.threads import ThreadReader
    from bot.settings import Settings
    from bot.store.issues import Record
    from bot.triage.issue import Command, Issue, Repository
    from bot.triage.plan import Plan
    from bot.triage.policy import Policy

OFFLINE_SLUG = "triage"


class PreviewError(Exception):
    """Facts that cannot be had; the text is for people."""


class Preview:
    """Plans for deliveries, carried out by nobody."""

    def __init__(self, settings: Settings, templates: Path | None) -> None:
        self._settings = settings
        self._app = None if templates else app_of(settings)
        self._folder = files_in(templates) if templates else RepositoryFiles({})
        self.problems: dict[Problem, None] = {}
        """What is wrong with the policies that were used, in order."""
        if templates is None and self._app is None:
            raise PreviewError(
                "without credentials (see `triage doctor`) give --templates DIR, a checkout to take the templates from."
            )

    def of(self, payload: Payload) -> tuple[str, Plan | None]:
        """What the delivery is, in a few words, and its Plan; None where no issue is to be looked at for it."""
        event = parse_event(payload.event, payload.content, self._app.id if self._app else None)
        title = " ".join(filter(None, [event.name, event.action]))
        if event.issue is None or event.repository is None:
            return title, None
        title += f", {event.repository.full_name}#{event.issue.number}"
        try:
            if self._app is None:
                return title, self._by_folder(event, event.issue, event.repository)
            return title, self._by_app(self._app, event, event.issue, event.repository)
        except NotFound:
            raise PreviewError(f"{title}: GitHub does not know this issue (any more); try --templates DIR.") from None
        except GitHubError as error:
            raise PreviewError(f"{title}: {error}") from error

    def _by_folder(self, event: Event, issue: Issue, repository: Repository) -> Plan | None:
        context = context_for(repository, self._folder, self._policy(self._folder), OFFLINE_SLUG, None)
        shown = Shown(issue, (event.comment,) if event.comment else ())
        return plan_for_event(event, context, shown, {}, [])

    def _by_app(self, app: App, event: Event, issue: Issue, repository: Repository) -> Plan | None:
        id_ = event.installation_id
        installed = app.installation(id_) if id_ else app.installation_of(repository.owner, repository.name)
        files = installed.reader.files(repository)
        context = context_for(repository, files, self._policy(files), app.slug, installed.reader.labels(repository))
        records, waiting = self._remembered(repository, issue.number)
        return plan_for_event(event, context, installed, records, waiting)

    def _policy(self, files: RepositoryFiles) -> Policy:
        policy, problems = policy_in(files)
        self.problems |= dict.fromkeys(problems)
        return policy

    def _remembered(self, repository: Repository, number: int) -> tuple[Mapping[int, Record], list[Command]]:
        """What the store knows of the issue; nothing where there is no store yet."""
        try:
            with Database(self._settings.database_url).read() as connection:
                waiting = commands.load_open(connection, repository.id, [number])
                return issues.load(connection, repository.id, [number]), waiting.get(number, [])
        except (StoreError, SQLAlchemyError):
            return {}, []


def files_in(folder: Path) -> RepositoryFiles:
    """A checkout's templates and policy. Raises FolderError."""
    policy = folder / POLICY_PATH
    return RepositoryFiles(
        templates=template_files(folder),
        policy=policy.read_bytes() if policy.is_file() else None,
    )


def app_of(settings: Settings, cache: FileCache | None = None) -> App | None:
    credentials = settings.credentials
    if credentials is None:
        return None
    return App(credentials.app_id, credentials.private_key, api_url=settings.github_api_url, cache=cache, budgets=None)


def reader_for(settings: Settings, owner: str, name: str, cache: FileCache | None = None) -> Reader:
    """By GITHUB_TOKEN if set, else the App where it is installed, else as anyone reads what is public."""
    token = settings.github_token.get_secret_value() if settings.github_token else ""
    app = app_of(settings, cache)
    if token or app is None:
        return guest_reader(token, settings.github_api_url, cache)
    try:
        return app.installation_of(owner, name).reader
    except NotFound:
        return guest_reader("", settings.github_api_url)


def threads_for(settings: Settings, owner: str, name: str) -> ThreadReader | None:
    """By GITHUB_TOKEN if set, else the App where it is installed; None without either."""
    app = app_of(settings)
    if settings.github_token:
        token, api_url = settings.github_token.get_secret_value(), settings.github_api_url
        # A person's token tells nothing of the App, but what the App wrote is the bot's own all the same.
        return guest_threads(token, api_url, app) if app and slug_of(settings) else guest_threads(token, api_url)
    try:
        return app.installation_of(owner, name).threads if app else None
    except NotFound:
        return None


def slug_of(settings: Settings) -> str:
    """The App's, to know what it wrote; empty where there is none, or GitHub does not know it."""
    app = app_of(settings)
    try:
        return app.slug if app else ""
    except GitHubError:
        return ""


def explained(error: GitHubError, full_name: str) -> str:
    """The error with what to do about it."""
    if isinstance(error, LimitReached):
        return f"{error}. Set GITHUB_TOKEN: without one GitHub answers only 60 requests an hour."
    if isinstance(error, NotFound):
        return f"{full_name} was not found: check its name, or set GITHUB_TOKEN (or install the App) if it is private."
    return str(error)

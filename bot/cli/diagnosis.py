"""What `triage doctor` looks at: each check tells what it found and how to mend it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import sqlalchemy as sa

from bot.cli.findings import Level, Line
from bot.credentials import FILE, Credentials
from bot.github.app import App, Metadata
from bot.github.errors import Forbidden, GitHubError, NotFound
from bot.github.registration import Grant, Hook, Registration, Sent
from bot.settings import Settings, is_loopback
from bot.store import deliveries, repositories
from bot.store.database import Database, StoreError
from bot.web.registration import Manifest, read_manifest

_FOR_REPORTS = frozenset({"pull_requests"})
"""Permissions that came later, and that only reports need."""


class Asked(Protocol):
    """Who tells of the webhook: `Registration`."""

    @property
    def api_url(self) -> str: ...
    def hook(self) -> Hook: ...


def diagnose(settings: Settings) -> Iterator[Line]:
    """Every check in turn, as its answer comes in; never raises."""
    yield from _data_dir(settings)
    yield from _database(settings.database_url)
    if settings.credentials is None:
        yield Line(
            "FAIL",
            "credentials",
            "no GitHub App is registered yet",
            "run `triage serve` and open the setup page that it prints, or set APP_ID, PRIVATE_KEY and WEBHOOK_SECRET",
        )
        return
    yield Line("OK", "credentials", f"App {settings.credentials.app_id}; the private key is a valid RSA key")
    yield from _app(settings, settings.credentials)


def _data_dir(settings: Settings) -> Iterator[Line]:
    path = settings.data_dir
    if not path.is_dir():
        yield Line(
            "WARN", "data directory", f"{path} does not exist yet", "`triage serve` makes it; or give --data-dir"
        )
        return
    keys = path / FILE
    exposed = [str(place) for place in (path, keys) if place.exists() and place.stat().st_mode & 0o077]
    if not exposed:
        yield Line("OK", "data directory", str(path))
    elif str(keys) in exposed:
        yield Line("FAIL", "data directory", f"others may read the App's keys in {keys}", f"chmod 600 {keys}")
    else:
        yield Line("WARN", "data directory", f"others may look into {path}", f"chmod 700 {path}")


def _database(url: str) -> Iterator[Line]:
    """Takes a lock as a write would, but changes nothing (the service may be at work on it)."""
    try:
        file = sa.make_url(url)
        if file.get_backend_name() == "sqlite" and not Path(file.database or "").exists():
            yield _new_sqlite(Path(file.database or ""))
            return
        database = Database(url)
        try:
            with database.write() as connection:
                if not sa.inspect(connection).has_table("deliveries"):
                    yield Line("OK", "database", "reachable; `triage serve` will make its tables")
                    return
                connection.execute(sa.text("DELETE FROM deliveries WHERE id < 0"))
                dead = deliveries.count_dead(connection)
                broken = [known for known in repositories.every(connection) if known.policy_problems]
            yield Line("OK", "database", f"writable ({database.url.get_backend_name()})")
        finally:
            database.close()
    except (StoreError, sa.exc.SQLAlchemyError) as error:
        reason = (
            str(error) if isinstance(error, StoreError) else str(getattr(error, "orig", None) or type(error).__name__)
        )
        yield Line("FAIL", "database", reason, "let the user who runs the bot write there, or mend DATABASE_URL")
        return
    if dead:
        yield Line(
            "WARN",
            "deliveries",
            f"{dead} {'was' if dead == 1 else 'were'} given up after repeated failures",
            "`triage replay --failed` lists the reasons and tries them again",
        )
    for known in broken:
        yield Line(
            "WARN",
            f"policy of {known.repository.full_name}",
            known.policy_problems,
            "mend the file (`triage lint` checks it in a checkout); until then the last good policy, or the built-in"
            " wording, goes on",
        )


def _new_sqlite(path: Path) -> Line:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return Line("OK", "database", f"{path} does not exist yet; `triage serve` will make it")
    message = f"{path} cannot be made: {folder} is no folder that can be written to"
    return Line("FAIL", "database", message, "give another by --data-dir")


def _app(settings: Settings, credentials: Credentials) -> Iterator[Line]:
    try:
        app = App(credentials.app_id, credentials.private_key, api_url=settings.github_api_url).metadata()
    except NotFound:
        yield Line(
            "FAIL",
            "App",
            f"{settings.github_api_url} has no App {credentials.app_id}",
            "check APP_ID and GITHUB_API_URL",
        )
        return
    except Forbidden as error:
        yield Line(
            "FAIL",
            "App",
            f"GitHub does not accept the key ({error})",
            "make a new private key on the App's settings page, and check APP_ID and this machine's clock",
        )
        return
    except GitHubError as error:
        yield Line("FAIL", "App", f"GitHub was not reached ({error})", "check the network and GITHUB_API_URL")
        return
    yield Line("OK", "App", f"{app.name} ({app.html_url})")
    manifest = read_manifest()
    place = f"the App's settings page (Settings > Developer settings > GitHub Apps > {app.name})"
    yield from compare_permissions("permissions", manifest.default_permissions, app.permissions, place)
    yield from _events(manifest, app, place)
    registration = Registration(credentials.app_id, credentials.private_key, settings.github_api_url)
    for subject, check in (("webhook", check_hook), ("deliveries from GitHub", _sent), ("installations", _grants)):
        try:
            yield from check(registration, place)
        except GitHubError as error:
            yield Line("WARN", subject, f"GitHub did not tell ({error})", "try again later")


def compare_permissions(
    subject: str, wanted: Mapping[str, str], granted: Mapping[str, str], place: str
) -> Iterator[Line]:
    """Names what is missing, which stops the bot, and what is more than it needs, which is only unwise."""
    lacking = {name: access for name, access in wanted.items() if not _covers(granted.get(name, ""), access)}
    missing = [f"{name}: {access}" for name, access in lacking.items()]
    excess = [f"{name}: {access}" for name, access in granted.items() if not _covers(wanted.get(name, ""), access)]
    if missing:
        said = f"missing {', '.join(missing)}{_harm(lacking)}"
        yield Line(_level(lacking), subject, said, f"grant them on {place}")
    if excess:
        yield Line("WARN", subject, f"more than the bot needs: {', '.join(excess)}", f"take them away on {place}")
    if not missing and not excess:
        yield Line("OK", subject, ", ".join(f"{name}: {access}" for name, access in granted.items()))


def _level(lacking: Collection[str]) -> Level:
    """Without pull requests the bot does its work; only its reports know less."""
    return "FAIL" if set(lacking) - _FOR_REPORTS else "WARN"


def _harm(lacking: Collection[str]) -> str:
    return "; reports cannot tell which issues a merged pull request fixed" if set(lacking) & _FOR_REPORTS else ""


def _covers(granted: str, wanted: str) -> bool:
    order = ["", "read", "write", "admin"]
    return granted == wanted or (granted in order and wanted in order and order.index(granted) >= order.index(wanted))


def _events(manifest: Manifest, app: Metadata, place: str) -> Iterator[Line]:
    missing = [event for event in manifest.default_events if event not in app.events]
    excess = [event for event in app.events if event not in manifest.default_events]
    if missing:
        yield Line("FAIL", "events", f"not subscribed to {', '.join(missing)}", f"tick them on {place}")
    if excess:
        yield Line("WARN", "events", f"more than the bot needs: {', '.join(excess)}", f"untick them on {place}")
    if not missing and not excess:
        yield Line("OK", "events", ", ".join(app.events))


def check_hook(registration: Asked, place: str) -> Iterator[Line]:
    hook = registration.hook()
    url = urlsplit(hook.url)
    if not url.hostname:
        yield Line("FAIL", "webhook", "no address is set", f"set https://YOUR-SERVICE/webhook on {place}")
    elif is_loopback(url.hostname) and not is_loopback(urlsplit(registration.api_url).hostname or ""):
        yield Line("FAIL", "webhook", f"GitHub cannot reach {hook.url}", f"set the service's public address on {place}")
    elif not url.path.endswith("/webhook"):
        yield Line("WARN", "webhook", f"{hook.url} does not end in /webhook", f"mend the address on {place}")
    else:
        yield Line("OK", "webhook", hook.url)
    if hook.content_type != "json":
        yield Line(
            "FAIL", "webhook", f"the content type is {hook.content_type}", f"set it to application/json on {place}"
        )
    if hook.insecure or (url.scheme == "http" and not is_loopback(url.hostname or "")):
        yield Line(
            "WARN",
            "webhook",
            "deliveries are not protected by TLS",
            f"use https and enable SSL verification on {place}",
        )


def _sent(registration: Registration, _place: str) -> Iterator[Line]:
    sent = registration.sent().sent
    if not sent:
        yield Line("WARN", "deliveries from GitHub", "none yet", "file a test issue in a repository that has the App")
        return
    arrived = {attempt.guid for attempt in sent if attempt.arrived}
    lost = {attempt.guid: attempt for attempt in reversed(sent) if attempt.guid not in arrived}
    if arrived:
        # The one that GitHub sends while the App is being registered comes before the service can believe it.
        lost = {guid: attempt for guid, attempt in lost.items() if attempt.event != "ping"}
    if not lost:
        yield Line("OK", "deliveries from GitHub", f"the latest {len(arrived)} arrived")
        return
    latest = max(lost.values(), key=lambda attempt: attempt.delivered_at)
    text = f"{len(lost)} of {len({attempt.guid for attempt in sent})} did not arrive; the last: {_told(latest)}"
    mend = f"{_cure(latest)}; then `triage catch-up` has them sent again, or the service by itself within an hour"
    # One that failed long ago, before many that arrived, is history; the newest one failing is a fault.
    yield Line("WARN" if sent[0].arrived else "FAIL", "deliveries from GitHub", text, mend)


def _told(attempt: Sent) -> str:
    code = f"{attempt.status_code} " if attempt.status_code else ""
    return f"{attempt.event} at {attempt.delivered_at}, {code}{attempt.status}"


def _cure(attempt: Sent) -> str:
    if attempt.status_code == 401:
        return "the webhook's secret on GitHub and WEBHOOK_SECRET differ: make them the same"
    if attempt.status_code == 503:
        return "the service was not set up or not ready: see its /readyz"
    if attempt.status_code >= 400:
        return "see the service's log for the reason"
    return "check that GitHub can reach the webhook's address"


def _grants(registration: Registration, _place: str) -> Iterator[Line]:
    grants = registration.grants()
    if not grants:
        yield Line(
            "WARN", "installations", "the App is not installed anywhere", "install it from the App's public page"
        )
    for grant in grants:
        yield _grant(grant)


def _grant(grant: Grant) -> Line:
    subject = f"installation in {grant.account}"
    if grant.suspended:
        return Line("WARN", subject, "suspended: the bot does nothing there", "its owner can unsuspend it on GitHub")
    wanted = read_manifest().default_permissions
    missing = [name for name, access in wanted.items() if not _covers(grant.permissions.get(name, ""), access)]
    if missing:
        mend = f"an owner of {grant.account} must accept the App's new permissions, in its settings under Applications"
        return Line(_level(missing), subject, f"has not granted {', '.join(missing)}{_harm(missing)}", mend)
    return Line("OK", subject, "granted what the bot needs")

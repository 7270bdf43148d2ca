"""Reading releases: seldom, cheaply, and without what is no release yet."""

from __future__ import annotations

import pytest

from bot.github.app import App
from bot.github.caches import FRESH_FOR, MemoryCache
from bot.github.errors import Forbidden
from bot.github.reader import Reader
from bot.triage.issue import Repository
from bot.triage.release import Release
from tests.bot.github.clock import Clock
from tests.bot.github.scripted import Reply, ScriptedServer

LISTED = "GET /repos/octo/hello/releases"


def told(tag: str, at: str | None = "2030-01-02T03:04:05Z", **more: object) -> dict[str, object]:
    return {"tag_name": tag, "published_at": at, "html_url": f"https://e.org/{tag}", "body": "x" * 9000, **more}


@pytest.fixture
def spoken(server: ScriptedServer) -> ScriptedServer:
    drafts = [told("v3", draft=True), told("v4", None), {"no": "tag"}, "nonsense"]
    listed = [told("v2", prerelease=True), told("v1", draft=False), *drafts]
    server.on(LISTED, Reply(listed, headers={"ETag": '"one"'}, etag='"one"'))
    return server


def test_releases_are_read_without_drafts(spoken: ScriptedServer, reader: Reader, repo: Repository, clock: Clock):
    newest, first = reader.releases(repo)
    assert (newest.tag, newest.is_prerelease) == ("v2", True)
    assert first == Release("v1", first.published_at, url="https://e.org/v1")
    assert first.published_at.isoformat() == "2030-01-02T03:04:05+00:00"
    assert spoken.lines() == [f"{LISTED}?per_page=100"]


def test_they_are_kept_for_a_while_and_then_asked_for_by_etag(
    spoken: ScriptedServer, reader: Reader, repo: Repository, clock: Clock, cache: MemoryCache
):
    first = reader.releases(repo)
    clock.now += FRESH_FOR - 1
    assert reader.releases(repo) is first
    assert len(spoken.lines()) == 1
    clock.now += 1
    assert reader.releases(repo) == first
    assert spoken.asked[-1].headers["if-none-match"] == '"one"'
    spoken.on(LISTED, Reply([], etag='"two"'))
    clock.now += FRESH_FOR
    assert reader.releases(repo) == ()
    assert len(b"".join(cache.values())) < 1000, "notes are not kept"


def test_another_process_goes_on_from_the_store(
    spoken: ScriptedServer, reader: Reader, repo: Repository, clock: Clock, cache: MemoryCache, private_key: str
):
    first = reader.releases(repo)
    later = App(7, private_key, api_url=spoken.url, timeout=1, clock=clock, cache=cache).installation(42).reader
    assert later.releases(repo) == first
    assert spoken.asked[-1].headers["if-none-match"] == '"one"'


def test_what_fails_is_no_answer_and_is_asked_again(server: ScriptedServer, reader: Reader, repo: Repository):
    server.on(LISTED, Reply({"message": "Resource not accessible"}, 403), Reply([told("v1")]))
    with pytest.raises(Forbidden):
        reader.releases(repo)
    assert [one.tag for one in reader.releases(repo)] == ["v1"]

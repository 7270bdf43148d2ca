"""Templates and policy: the right repository's, with as few requests as can be."""

from __future__ import annotations

import pytest

from bot.github.app import App
from bot.github.caches import FRESH_FOR, MemoryCache
from bot.github.errors import Forbidden, Rejected, Unavailable
from bot.github.reader import Reader
from bot.triage.issue import Repository
from tests.bot.github.clock import Clock
from tests.bot.github.conftest import INSTALLATION_ID
from tests.bot.github.scripted import Reply, ScriptedServer
from tests.bot.github.trees import Trees, identity

BUG = ".github/ISSUE_TEMPLATE/bug.yml"
CONFIG = ".github/ISSUE_TEMPLATE/config.yml"
POLICY = ".github/triage.yml"
HELLO, SHARED = "octo/hello", "octo/.github"
ROOT, SHARED_ROOT = f"GET /repos/{HELLO}/git/trees/HEAD", f"GET /repos/{SHARED}/git/trees/HEAD"


@pytest.fixture
def trees(server: ScriptedServer) -> Trees:
    return Trees(server)


def public(server: ScriptedServer, *, private: bool = False, visibility: str = "public") -> None:
    server.on(f"GET /repos/{SHARED}", Reply({"id": 9, "private": private, "visibility": visibility}))


def test_a_repository_with_everything_of_its_own_costs_two_requests_and_one_a_file(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository
):
    trees.publish(
        HELLO,
        {
            "README.md": b"Hello",
            BUG: b"name: Bug",
            CONFIG: b"blank_issues_enabled: false",
            POLICY: b"enabled: true",
            ".github/workflows/ci.yml": b"on: push",
        },
    )
    files = reader.files(repo)
    assert files.templates == {BUG: b"name: Bug", CONFIG: b"blank_issues_enabled: false"}
    assert files.policy == b"enabled: true"
    assert len(server.lines()) == 2 + 3


def test_what_is_fresh_costs_nothing(server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository):
    trees.publish(HELLO, {BUG: b"name: Bug"})
    first = reader.files(repo)
    before = len(server.asked)
    assert reader.files(repo) is first
    assert len(server.asked) == before


def test_after_a_while_nothing_new_costs_free_requests_only(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository, clock: Clock
):
    trees.publish(HELLO, {BUG: b"name: Bug"})
    trees.publish(SHARED, {"README.md": b"Hi"})
    first = reader.files(repo)
    clock.now += FRESH_FOR
    before = len(server.asked)
    assert reader.files(repo) is first
    again = server.asked[before:]
    assert [asked.line for asked in again] == [ROOT, SHARED_ROOT]
    assert all("if-none-match" in asked.headers for asked in again)


def test_a_restart_reads_nothing_again(
    server: ScriptedServer,
    trees: Trees,
    reader: Reader,
    repo: Repository,
    cache: MemoryCache,
    private_key: str,
    clock: Clock,
):
    trees.publish(HELLO, {BUG: b"name: Bug", POLICY: b"enabled: true"})
    first = reader.files(repo)
    before = len(server.lines())
    restarted = App(7, private_key, api_url=server.url, timeout=1, clock=clock, cache=cache)
    assert restarted.installation(INSTALLATION_ID).reader.files(repo) == first
    (asked,) = server.lines()[before:]
    assert asked == ROOT
    assert "if-none-match" in server.asked[-1].headers


def test_a_push_costs_what_it_changed(server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository):
    trees.publish(HELLO, {BUG: b"name: Bug", POLICY: b"enabled: true"})
    first = reader.files(repo)
    trees.publish(HELLO, {BUG: b"name: Bug report", POLICY: b"enabled: true"})
    assert reader.files(repo) is first
    before = len(server.lines())
    second = reader.files(repo, changed_at=1)
    assert second.templates == {BUG: b"name: Bug report"}
    assert len(server.lines()) - before == 3  # the root, .github, the one file


def test_a_push_elsewhere_in_the_tree_costs_one_request(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository
):
    trees.publish(HELLO, {BUG: b"name: Bug", POLICY: b"", "README.md": b"one"})
    first = reader.files(repo)
    trees.publish(HELLO, {BUG: b"name: Bug", POLICY: b"", "README.md": b"two"})
    before = len(server.lines())
    assert reader.files(repo, changed_at=1) is first
    assert server.lines()[before:] == [ROOT]


def test_what_the_repository_lacks_comes_from_its_owners(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository
):
    public(server)
    trees.publish(HELLO, {"README.md": b"Hello"})
    trees.publish(SHARED, {BUG: b"name: Bug", POLICY: b"enabled: true", "ISSUE_TEMPLATE.md": b"legacy"})
    files = reader.files(repo)
    assert files.templates == {BUG: b"name: Bug"}
    assert files.policy == b"enabled: true"


@pytest.mark.parametrize("own", [CONFIG, ".github/ISSUE_TEMPLATE/notes.txt", ".github/issue_template/OTHER.YML"])
def test_any_file_in_the_own_folder_keeps_all_the_owners_templates_out(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository, own: str
):
    public(server)
    trees.publish(HELLO, {own: b"x"})
    trees.publish(SHARED, {BUG: b"name: Bug", POLICY: b"enabled: true"})
    files = reader.files(repo)
    assert BUG not in files.templates
    assert files.policy == b"enabled: true"


def test_an_own_policy_goes_before_the_owners(server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository):
    public(server)
    trees.publish(HELLO, {POLICY: b"mine"})
    trees.publish(SHARED, {BUG: b"name: Bug", POLICY: b"theirs"})
    files = reader.files(repo)
    assert files.policy == b"mine"
    assert files.templates == {BUG: b"name: Bug"}


@pytest.mark.parametrize(("private", "visibility"), [(True, "private"), (True, "internal"), (False, "internal")])
def test_templates_of_an_owners_hidden_repository_are_not_used(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository, private: bool, visibility: str
):
    public(server, private=private, visibility=visibility)
    trees.publish(HELLO, {"README.md": b"Hello"})
    trees.publish(SHARED, {BUG: b"name: Bug", POLICY: b"enabled: true"})
    files = reader.files(repo)
    assert files.templates == {}
    assert files.policy == b"enabled: true"


def test_whether_the_owners_is_public_is_asked_again_with_what_is_known(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository
):
    server.on(f"GET /repos/{SHARED}", Reply({"private": False}, headers={"ETag": '"p"'}, etag='"p"'))
    trees.publish(HELLO, {"README.md": b"Hello"})
    trees.publish(SHARED, {BUG: b"name: Bug"})
    assert reader.files(repo).templates
    assert reader.files(repo, shared_changed_at=1).templates
    asked = [one for one in server.asked if one.line == f"GET /repos/{SHARED}"]
    assert [one.headers.get("if-none-match") for one in asked] == [None, '"p"']


def test_a_push_to_the_owners_repository_reaches_all_of_the_owners_others(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository
):
    public(server)
    other = Repository(2, "octo", "other", "")
    for name in (HELLO, "octo/other"):
        trees.publish(name, {"README.md": b"Hello"})
    trees.publish(SHARED, {BUG: b"old"})
    assert [reader.files(one).templates[BUG] for one in (repo, other)] == [b"old", b"old"]
    trees.publish(SHARED, {BUG: b"new"})
    again = [reader.files(one, shared_changed_at=1) for one in (repo, other)]
    assert [files.templates[BUG] for files in again] == [b"new", b"new"]
    assert server.lines().count(SHARED_ROOT) == 2


def test_an_owners_repositories_ask_for_what_is_shared_once(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository
):
    for name in (HELLO, "octo/other"):
        trees.publish(name, {BUG: b"name: Bug"})
    reader.files(repo)
    reader.files(Repository(2, "octo", "other", ""))
    assert server.lines().count(SHARED_ROOT) == 1


def test_the_owners_repository_itself_falls_back_to_nothing(server: ScriptedServer, trees: Trees, reader: Reader):
    trees.publish(SHARED, {"README.md": b"Hi"})
    files = reader.files(Repository(9, "octo", ".github", ""))
    assert (files.templates, files.policy) == ({}, None)
    assert server.lines() == [SHARED_ROOT]


@pytest.mark.parametrize(
    "reply",
    [Reply({"message": "Not Found"}, 404), Reply({"message": "Git Repository is empty."}, 409)],
    ids=["absent", "empty"],
)
def test_what_is_not_there_is_remembered_too(server: ScriptedServer, reader: Reader, repo: Repository, reply: Reply):
    server.on(ROOT, reply)
    server.on(SHARED_ROOT, reply)
    assert reader.files(repo).templates == {}
    assert reader.files(repo).policy is None
    assert server.lines() == [ROOT, SHARED_ROOT]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply({"message": "Repository access blocked"}, 403), Forbidden),
        (Reply({"message": "No"}, 422), Rejected),
        (Reply({}, 502), Unavailable),
    ],
)
def test_what_could_not_be_read_is_not_taken_for_absent(
    server: ScriptedServer, reader: Reader, repo: Repository, reply: Reply, error: type[Exception]
):
    server.on(ROOT, reply)
    with pytest.raises(error):
        reader.files(repo)
    trees = Trees(server)
    trees.publish(HELLO, {BUG: b"name: Bug"})
    assert reader.files(repo).templates == {BUG: b"name: Bug"}


@pytest.mark.parametrize("path", ["ISSUE_TEMPLATE.md", "issue_template.md", ".github/ISSUE_TEMPLATE.md"])
def test_the_legacy_template_costs_no_further_listing(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository, path: str
):
    trees.publish(HELLO, {path: b"## Steps", "docs/index.md": b"Docs", POLICY: b""})
    assert reader.files(repo).templates == {path: b"## Steps"}
    assert sum("/git/trees/" in line for line in server.lines()) == 3  # the root, .github, the owner's root


def test_docs_is_listed_only_where_nothing_else_is_found(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository
):
    trees.publish(HELLO, {"docs/ISSUE_TEMPLATE.md": b"## Steps", "docs/deep/ISSUE_TEMPLATE.md": b"no"})
    assert reader.files(repo).templates == {"docs/ISSUE_TEMPLATE.md": b"## Steps"}


def test_a_legacy_template_stands_beside_the_owners_folder(
    server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository
):
    """Only a file in the own folder keeps the owner's folder out; that of the two GitHub shows is its affair."""
    public(server)
    trees.publish(HELLO, {"ISSUE_TEMPLATE.md": b"## Steps"})
    trees.publish(SHARED, {BUG: b"name: Bug"})
    assert set(reader.files(repo).templates) == {"ISSUE_TEMPLATE.md", BUG}


def test_files_beyond_measure_are_left_out_and_named(
    trees: Trees, reader: Reader, repo: Repository, caplog: pytest.LogCaptureFixture
):
    huge = ".github/ISSUE_TEMPLATE/huge.yml"
    trees.publish(
        HELLO,
        {BUG: b"name: Bug", huge: b"name: Huge", POLICY: b"x"},
        sizes={huge.removeprefix(".github/"): 300_000, POLICY.removeprefix(".github/"): 300_000},
    )
    files = reader.files(repo)
    assert set(files.templates) == {BUG}
    assert files.policy is None
    assert f"{huge}, {POLICY}" in caplog.text


def test_templates_beyond_a_hundred_are_left_out_and_named(
    trees: Trees, reader: Reader, repo: Repository, caplog: pytest.LogCaptureFixture
):
    paths = {f".github/ISSUE_TEMPLATE/{number:03}.yml": b"name: Same" for number in range(103)}
    trees.publish(HELLO, paths)
    files = reader.files(repo)
    assert len(files.templates) == 100
    assert ".github/ISSUE_TEMPLATE/100.yml, " in caplog.text


def test_templates_beyond_a_megabyte_together_are_left_out_and_named(
    trees: Trees, reader: Reader, repo: Repository, caplog: pytest.LogCaptureFixture
):
    paths = {f".github/ISSUE_TEMPLATE/{number}.yml": b"#" * 250_000 for number in range(6)}
    trees.publish(HELLO, {**paths, POLICY: b"enabled: true"})
    files = reader.files(repo)
    assert list(files.templates) == list(paths)[:4]
    assert files.policy == b"enabled: true"
    assert ".github/ISSUE_TEMPLATE/4.yml, .github/ISSUE_TEMPLATE/5.yml" in caplog.text


def test_what_is_no_longer_in_memory_is_put_together_without_a_request(
    server: ScriptedServer, trees: Trees, reader: Reader
):
    """Nine megabytes, of which eight are held."""
    many = [Repository(number, "octo", f"r{number}", "") for number in range(1, 10)]
    for one in many:
        path = ".github/ISSUE_TEMPLATE/bug.yml"
        content = {f"{path[:-4]}{part}.yml": b"%d" % one.id + b"#" * 250_000 for part in range(4)}
        trees.publish(one.full_name, {**content, POLICY: b"enabled: true"})
    first = [reader.files(one) for one in many]
    before = len(server.lines())
    assert [reader.files(one) for one in many] == first
    assert len(server.lines()) == before
    assert reader.files(many[0]) is not first[0]


def test_links_and_modules_are_no_files(server: ScriptedServer, reader: Reader, repo: Repository):
    tree = [
        {"path": "ISSUE_TEMPLATE.md", "mode": "120000", "type": "blob", "sha": "a" * 40, "size": 9},
        {"path": ".github", "mode": "160000", "type": "commit", "sha": "b" * 40},
    ]
    server.on(ROOT, Reply({"tree": tree}))
    assert reader.files(repo).templates == {}


def test_a_folder_too_large_to_list_is_warned_of(
    server: ScriptedServer, reader: Reader, repo: Repository, caplog: pytest.LogCaptureFixture
):
    server.on(ROOT, Reply({"tree": [{"path": ".github", "mode": "040000", "type": "tree", "sha": "c" * 40}]}))
    server.on(f"GET /repos/{HELLO}/git/trees/{'c' * 40}", Reply({"tree": [], "truncated": True}))
    reader.files(repo)
    assert "more files than GitHub lists" in caplog.text


def test_a_blob_may_come_as_text(server: ScriptedServer, trees: Trees, reader: Reader, repo: Repository):
    trees.publish(HELLO, {BUG: b"name: Bug"})
    blob = {"content": "name: Text", "encoding": "utf-8"}
    server.on(f"GET /repos/{HELLO}/git/blobs/{identity(b'name: Bug'.hex())}", Reply(blob))
    assert reader.files(repo).templates == {BUG: b"name: Text"}


def test_what_one_account_may_read_is_given_to_no_other_that_names_its_id(
    server: ScriptedServer, trees: Trees, private_key: str, clock: Clock, cache: MemoryCache, repo: Repository
):
    server.on(
        "POST /app/installations/43/access_tokens", Reply({"token": "token-2", "expires_at": clock.stamp(3600)}, 201)
    )
    app = App(7, private_key, api_url=server.url, timeout=1, clock=clock, cache=cache)
    for name in (HELLO, "evil/twin"):
        trees.publish(name, {BUG: b"name: Secret"})
    assert app.installation(INSTALLATION_ID).reader.files(repo).templates
    before = len(server.lines())
    # Its files bear the same ids, and are asked for all the same: GitHub knows who may read what.
    assert app.installation(43).reader.files(Repository(2, "evil", "twin", "")).templates
    asked = [(it.line, it.headers["authorization"]) for it in server.asked[before:] if "/evil/twin/git" in it.line]
    assert len(asked) == 3  # the root, .github, the one file
    assert {token for _, token in asked} == {"Bearer token-2"}

"""The made-up repositories themselves: the same for a seed, true to their word, and the same wherever they are put."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

from bot.github import transport
from bot.github.app import App
from bot.github.exports import Export, threads
from bot.store.database import Database
from bot.store.threads import load
from bot.triage.issue import Repository
from bot.work.fill import fill
from tests.fakes.community import FULL_NAME, Community
from tests.fakes.community.exports import write_gh, write_lines
from tests.fakes.community.stage import put_on
from tests.fakes.github import FakeGitHub, key_pair, serve


def test_a_seed_makes_the_same_again_and_another_one_does_not():
    first = list(Community(200, seed=3).issues())
    assert first == list(Community(200, seed=3).issues())
    assert [one.thread.issue.title for one in first] != [one.thread.issue.title for one in Community(200, 4).issues()]


def test_all_happens_in_order_and_before_now():
    community = Community(500)
    for made in community.issues():
        issue = made.thread.issue
        times = [issue.created_at, *(one.created_at for one in issue.comments)]
        assert times == sorted(times)
        assert times[-1] <= community.now
        assert all(issue.created_at <= one.at <= community.now for one in made.thread.events)


def test_every_section_and_every_story_is_there():
    made = list(Community(3000).issues())
    sections = Counter(section for one in made for section in one.belongs)
    assert len(sections) == 12
    assert min(sections.values()) >= 10
    assert len({one.plot for one in made}) >= 30


def test_the_fake_github_tells_what_the_generator_told(tmp_path: Path):
    fake, community = FakeGitHub(), Community(150)
    home = put_on(fake, community)
    bot = fake.add_app()
    installed = fake.install(bot, home.owner.login)
    database = Database(f"sqlite:///{tmp_path / 'mirror.db'}")
    database.migrate()
    with serve(fake) as running:
        here = App(bot.id, key_pair()[0], api_url=running.url).installation(installed.id)
        fill(database, Repository(home.id, home.owner.login, home.name, ""), here.threads)
        transport.close_idle()
    with database.read() as connection:
        found = {one.number: one for one in load(connection, home.id, range(1, 151))}
    database.close()
    for made in community.issues():
        told, read = made.thread, found[made.thread.number]
        assert (read.issue.title, read.issue.body, read.issue.labels) == (
            told.issue.title,
            told.issue.body,
            told.issue.labels,
        )
        assert [one.body for one in read.issue.comments] == [one.body for one in told.issue.comments]
        assert [(one.kind, one.subject) for one in read.events] == [(one.kind, one.subject) for one in told.events]
        assert [(one.title, one.will_close) for one in read.links] == [
            (one.title, one.will_close) for one in told.links
        ]


def test_exports_are_read_as_what_they_were_made_of(tmp_path: Path):
    made = [one.thread for one in islice(Community(120).issues(), 120)]
    for name, write in (("gh.json", write_gh), ("lines.jsonl", write_lines)):
        path, export = tmp_path / name, Export(name)
        write(Community(120), path)
        found = list(threads(path, export))
        assert [one.issue.title for one in found] == [one.issue.title for one in made]
        assert [len(one.issue.comments) for one in found] == [len(one.issue.comments) for one in made]
        assert (export.repository, export.left_out) == (FULL_NAME, 0)

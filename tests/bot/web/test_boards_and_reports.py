"""The pages that anybody may see: a report, and the board of a bash."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.credentials import Credentials, write_credentials
from bot.reports import bash, json_file
from bot.settings import load_settings
from tests.bot.reports.making import report
from tests.bot.reports.test_bash import BASH, NOW
from tests.fakes.service import Browser, FakeService, new_key

CREDENTIALS = Credentials(7, new_key(), "a webhook secret", "https://github.com/apps/x")


@pytest.fixture
def service() -> FakeService:
    service = FakeService()
    service.reports["octo", "r"] = json_file.dump(report())
    service.boards["octo", "r", 9] = {"url": "https://github.com/octo/r/issues/9", **bash.data(BASH, NOW)}
    return service


@pytest.fixture
def site(tmp_path: Path, service: FakeService) -> Browser:
    write_credentials(tmp_path, CREDENTIALS)
    return Browser(load_settings(data_dir=tmp_path), service.start)


def test_a_kept_report_is_shown_and_runs_nothing(site: Browser):
    shown = site.get("/reports/octo/r")
    assert shown.status_code == 200
    assert "<h1>" in shown.text
    assert "<script" not in shown.text
    policy = shown.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy


def test_the_board_runs_its_own_script_alone(site: Browser):
    shown = site.get("/bash/octo/r/9")
    assert "It | broke for @ann" in shown.text
    assert 'href="https://github.com/octo/r/issues/9"' in shown.text
    assert "; script-src 'sha256-" in shown.headers["content-security-policy"]
    assert "connect-src 'self'" in shown.headers["content-security-policy"]


def test_who_asks_again_is_told_that_nothing_is_new(site: Browser, service: FakeService):
    first = site.get("/bash/octo/r/9.json")
    assert first.json()["done"] == 3
    again = site.ask("GET", "/bash/octo/r/9.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    service.boards["octo", "r", 9]["done"] = 4
    news = site.ask("GET", "/bash/octo/r/9.json", headers={"If-None-Match": first.headers["etag"]})
    assert news.json()["done"] == 4


@pytest.mark.parametrize(
    "path",
    [
        "/reports/octo/other",
        "/reports/octo%00/r",
        "/bash/octo/r/8",
        "/bash/octo/r/8.json",
        f"/bash/octo/r/{10**30}",
        f"/bash/octo/r/{'9' * 5000}",
        f"/bash/octo/r/{'9' * 5000}.json",
        "/bash/octo/r/x",
        "/bash/octo/r%00/9",
    ],
)
def test_what_is_not_there_is_not_found(site: Browser, path: str):
    assert site.get(path).status_code == 404


def test_before_an_app_is_there_nothing_is_shown(tmp_path: Path, service: FakeService):
    site = Browser(load_settings(data_dir=tmp_path), service.start)
    for path in ("/reports/octo/r", "/bash/octo/r/9", "/bash/octo/r/9.json"):
        assert site.get(path).status_code == 404

"""The weather strikes as often as it says, and what it strikes is as GitHub's own bad days are."""

from __future__ import annotations

import time
from collections import Counter

import httpx
import pytest

from tests.fakes.github import FakeGitHub, Limits, Running, serve
from tests.fakes.github.scene import PERMISSIONS
from tests.fakes.github.weather import Chance, Weather, clear_up, set_in
from tests.fakes.relay import relay

REPO = "octo-org/demo"
CALM = Weather(0, 0, 0, 12, 0, 5, 0, 0, 0, 0, 0)


def told(github: Running, weather: Weather, requests: int) -> Counter[str]:
    """What comes of so many reads."""
    fake = github.fake
    app = fake.add_app()
    fake.add_repository(REPO, {"README.md": "Hi."})
    installation = fake.install(app, "octo-org")
    set_in(fake, weather, 1)
    found: Counter[str] = Counter()
    with httpx.Client(base_url=github.url) as client:
        for _ in range(requests):
            token = fake.new_token(installation, dict(PERMISSIONS)).value
            try:
                answer = client.get(f"/repos/{REPO}", headers={"authorization": f"Bearer {token}"})
            except httpx.HTTPError:
                found["cut"] += 1
            else:
                said = " with retry-after" if "retry-after" in answer.headers else ""
                found[f"{answer.status_code}{said}"] += 1
    return found


@pytest.mark.parametrize(
    ("weather", "outcomes"),
    [
        (Weather(failing=1.0), {"502"}),
        (Weather(failing=0, cut=1.0), {"cut"}),
        (Weather(failing=0, cut=0, silent=1.0, silence=0.01), {"cut"}),
        (
            Weather(failing=0, cut=0, silent=0, limited=1.0),
            {"403", "429", "403 with retry-after", "429 with retry-after"},
        ),
        (Weather(failing=0, cut=0, silent=0, limited=0, limited_unsaid=1.0), {"403", "429"}),
        (Weather(failing=0, cut=0, silent=0, limited=0, limited_unsaid=0, expired=1.0), {"401"}),
        (CALM, {"200"}),
    ],
    ids=["failing", "cut", "silent", "limited", "unsaid", "expired", "calm"],
)
def test_each_kind_is_what_it_says(weather: Weather, outcomes: set[str]):
    with serve(FakeGitHub(Limits.off())) as github:
        assert set(told(github, weather, 40)) == outcomes
        clear_up(github.fake)


def test_graphql_tells_of_a_limit_in_an_answer_of_200():
    fault = Chance(Weather(failing=0, cut=0, silent=0, limited=1.0), 1)("POST", "/graphql")
    assert fault
    assert fault.kind == "graphql"


def test_the_shares_hold():
    chance = Chance(Weather(), 7)
    struck = sum(chance("GET", "/") is not None for _ in range(20_000))
    assert 0.06 < struck / 20_000 < 0.09
    assert 0.04 < chance.struck["502"] / 20_000 < 0.06
    assert set(chance.struck) == {"502", "cut", "no answer", "limit", "limit, unsaid", "expired token"}


def test_deliveries_come_in_any_order_and_some_twice(hook: tuple[str, list[tuple[str, str]], dict[str, int]]):
    url, taken, _ = hook
    fake = FakeGitHub(Limits.off())
    app = fake.add_app(webhook_url=url)
    with serve(fake):
        fake.add_repository(REPO)
        fake.install(app, "octo-org")
        fake.hooks.wait()
        taken.clear()
        fake.hooks.scatter(0.5, 0.3, seed=1)
        for number in range(60):
            fake.open_issue(REPO, "ann", f"Issue {number}")
        sent = [one.guid for one in fake.hooks.deliveries if one.event == "issues"]
        fake.hooks.wait(30)
    came = [guid for _, guid in taken]
    assert set(came) == set(sent)
    assert list(dict.fromkeys(came)) != sent
    assert 65 < len(came) < 95


def test_a_new_issue_may_not_be_shown_at_once():
    fake = FakeGitHub(Limits.off())
    with serve(fake) as github:
        fake.add_repository(REPO)
        fake.read_lag = 0.5
        fake.open_issue(REPO, "ann", "It broke")
        assert httpx.get(f"{github.url}/repos/{REPO}/issues/1").status_code == 404
        assert httpx.get(f"{github.url}/repos/{REPO}/issues").json() == []
        time.sleep(0.6)
        assert httpx.get(f"{github.url}/repos/{REPO}/issues/1").status_code == 200


def test_a_relay_passes_on_until_it_is_cut():
    with serve(FakeGitHub(Limits.off())) as github:
        port = int(github.url.rpartition(":")[2])
        with relay(("127.0.0.1", 9), ("127.0.0.1", port)) as line:
            address = f"http://127.0.0.1:{line.port}/users/ann"
            assert httpx.get(address).status_code == 404
            line.cut()
            with pytest.raises(httpx.TimeoutException):
                httpx.get(address, timeout=0.5)
            line.mend()
            assert httpx.get(address).status_code == 404

"""`triage serve` in a process of its own: what it says, how it ends, and setup without a restart."""

from __future__ import annotations

import re
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from tests.bot.cli.example import FORM, INCOMPLETE
from tests.fakes.github import FakeGitHub, key_pair, serve
from tests.fakes.postgresql import INSTALLED, postgresql_server
from tests.fakes.process import served, triage
from tests.fakes.service import new_key
from tests.fakes.setup import register


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_ends_well_when_told_to(tmp_path: Path, number: int):
    with served(tmp_path) as service:
        assert "Not configured" in service.said
        code = re.search(r"one-time code (\S+)", service.said)
        assert code
        assert f"{service.url}/setup?code={code[1]}" in service.said
        assert httpx.get(f"{service.url}/healthz").status_code == 200
        assert httpx.get(f"{service.url}/readyz").status_code == 503
        assert httpx.post(f"{service.url}/webhook", content=b"{}").status_code == 503
        begun = time.monotonic()
        assert service.stop(number) == 0
        assert time.monotonic() - begun < 20
        assert code[1] not in service.log


def test_a_connection_held_open_does_not_keep_it_from_ending(tmp_path: Path):
    with served(tmp_path) as service:
        address = service.url.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1]))) as held:
            held.sendall(b"POST /setup HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\ncode=")
            time.sleep(0.2)
            begun = time.monotonic()
            assert service.stop() == 0
            assert time.monotonic() - begun < 20


def test_the_commands_are_told_in_whole_sentences():
    shown = triage("--help").stdout
    assert shown.startswith("Usage: triage ")
    assert "...\n" not in shown.partition("Commands:")[2]


def test_half_a_configuration_is_refused_with_what_is_missing(tmp_path: Path):
    ended = triage("serve", "--data-dir", str(tmp_path / "data"), env={"APP_ID": "7"})
    assert ended.returncode == 2
    assert "WEBHOOK_SECRET" in ended.stderr
    assert "PRIVATE_KEY" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "data").exists()


def test_a_port_in_use_is_told(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = triage("serve", "--port", port, "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    assert f"port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_address_of_another_machine_is_told(tmp_path: Path):
    ended = triage("serve", "--host", "192.0.2.1", "--port", "0", "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    assert "192.0.2.1" in ended.stderr


def test_a_host_that_is_no_address_is_told(tmp_path: Path):
    ended = triage("serve", "--host", "127.0.0.1.", "--port", "0", "--data-dir", str(tmp_path))
    assert ended.returncode == 1
    assert "is no address of this machine" in ended.stderr


def test_a_database_that_cannot_be_used_is_told_without_its_password(tmp_path: Path):
    env = {
        "APP_ID": "7",
        "PRIVATE_KEY": key_pair()[0],
        "WEBHOOK_SECRET": "a secret",
        "DATABASE_URL": f"sqlite:///{tmp_path}/serve.log/x.db",
    }
    (tmp_path / "serve.log").touch()
    ended = triage("serve", "--port", "0", "--data-dir", str(tmp_path / "data"), env=env)
    assert ended.returncode == 1
    assert ended.stderr.startswith("triage serve: ")
    assert "Traceback" not in ended.stderr


def test_a_second_service_on_the_same_data_is_refused(tmp_path: Path):
    env = {"APP_ID": "7", "PRIVATE_KEY": key_pair()[0], "WEBHOOK_SECRET": "a secret"}
    with served(tmp_path, env) as first:
        assert "Configured: deliveries are taken" in first.said
        ended = triage("serve", "--port", "0", "--data-dir", str(tmp_path / "data"), env=env)
        assert ended.returncode == 1
        assert "Another triage process" in ended.stderr


@pytest.mark.parametrize("option", ["--web-only", "--work-only", "--workers 2"])
def test_an_sqlite_file_is_for_one_process_and_the_way_out_is_told(tmp_path: Path, option: str):
    ended = triage("serve", *option.split(), "--port", "0", "--data-dir", str(tmp_path / "data"))
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"triage serve: {option} takes PostgreSQL")
    assert "DATABASE_URL=postgresql://" in ended.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--web-only --work-only", "--web-only and --work-only exclude each other"),
        ("--work-only --workers 3", "--work-only and --workers 3 exclude each other"),
        ("--workers 3 --port 65533", "--workers 3 takes the 3 ports after 65533"),
    ],
)
def test_what_cannot_be_together_is_told(tmp_path: Path, options: str, told: str):
    env = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    ended = triage("serve", *options.split(), "--data-dir", str(tmp_path), env=env)
    assert ended.returncode == 2
    assert told in ended.stderr


@pytest.mark.parametrize("_server", ["postgresql"] if INSTALLED else [])
def test_a_process_whose_work_others_took_over_starts_anew_by_itself(tmp_path: Path, _server: str):
    with postgresql_server() as server:
        env = {
            "APP_ID": "7",
            "PRIVATE_KEY": key_pair()[0],
            "WEBHOOK_SECRET": "a secret",
            "DATABASE_URL": server.url(),
        }
        with (
            served(tmp_path, env) as service,
            sa.create_engine(server.url(), poolclass=sa.NullPool).connect() as connection,
        ):
            connection.execute(sa.text("UPDATE workers SET epoch = epoch + 1, seen_at = NULL"))
            connection.commit()
            service.wait_until_it_listens()
            assert httpx.get(f"{service.url}/readyz").status_code == 200
            assert connection.execute(sa.text("SELECT name, epoch, pid FROM workers")).all() == [
                ("w0", 3, service.process.pid)
            ]
            assert "others have taken over" in service.log
            assert service.stop() == 0
            connection.rollback()
            assert connection.execute(sa.text("SELECT epoch, seen_at FROM workers")).all() == [(4, None)]


def test_a_key_that_github_does_not_accept_is_told_in_a_line_and_loses_nothing(tmp_path: Path):
    fake = FakeGitHub()
    fake.add_repository("octo-org/repo", {".github/ISSUE_TEMPLATE/bug.yml": FORM})
    app = fake.add_app()
    with serve(fake) as github:
        env = {
            "APP_ID": str(app.id),
            "PRIVATE_KEY": new_key(),
            "WEBHOOK_SECRET": app.webhook_secret,
            "GITHUB_API_URL": github.url,
        }
        with served(tmp_path, env) as service:
            app.webhook_url = f"{service.url}/webhook"
            fake.install(app, "octo-org")
            fake.open_issue("octo-org/repo", "alice", "Crash", INCOMPLETE)
            deadline = time.monotonic() + 10
            while "the lane waits" not in service.log and time.monotonic() < deadline:
                time.sleep(0.05)
            assert "401" in service.log
            assert "triage doctor" in service.log
            assert "Traceback" not in service.log
            assert "triage_dead_letters 0" in httpx.get(f"{service.url}/metrics").text
            assert service.stop() == 0


def test_from_setup_to_the_first_triaged_issue_without_a_restart(tmp_path: Path):
    fake = FakeGitHub()
    fake.add_repository("octo-org/repo", {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug"])
    with serve(fake) as github, served(tmp_path, {"GITHUB_API_URL": github.url}) as service:
        app, page, passed_on = register(fake, service.url, service.said)
        assert "The service is at work" in page
        assert httpx.get(f"{service.url}/readyz").status_code == 200
        fake.install(app, "octo-org")
        issue = fake.open_issue("octo-org/repo", "alice", "Crash", INCOMPLETE)
        deadline = time.monotonic() + 20
        while not fake.comments_by(app, "octo-org/repo", issue) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "Version" in fake.comments_by(app, "octo-org/repo", issue)[0].body
        assert fake.labels_of("octo-org/repo", issue) == ["bug", "needs-info"]
        assert service.stop() == 0
        for secret in (app.webhook_secret, key_pair()[0].splitlines()[1], "ghs_", *passed_on):
            assert secret not in service.log

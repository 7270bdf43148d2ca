"""`make test-deploy`: each step of deploy/Containerfile in a bare Debian, and what comes of it; systemd, too."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.bot.work.bench import FORM
from tests.deploy.container import Builder, Image, debian, must, running, wheels
from tests.deploy.machine import Machine, booted, control_groups
from tests.docs.reading import ROOT
from tests.fakes.github import FakeGitHub, Limits, key_pair, serve
from tests.fakes.postgresql import INSTALLED, postgresql_server
from tests.faults.service import free_port

CONTAINERFILE = ROOT / "deploy/Containerfile"
DEBIAN = ROOT / ".deploy/debian"
"""Kept from one run to the next."""
NEEDED = ("debootstrap", "unshare", "nsenter", "setpriv")


def why_not() -> str:
    if os.environ.get("TRIAGE_TEST_DEPLOY") != "1":
        return "takes some minutes: make test-deploy"
    if os.geteuid() != 0:
        return "takes root, for chroot: sudo make test-deploy"
    absent = [name for name in NEEDED if not shutil.which(name)]
    return f"takes {', '.join(absent)}: apt install debootstrap util-linux" if absent else ""


pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    workplace = tmp_path_factory.mktemp("container")
    # Its path must be open to the container's user, and pytest's is not.
    workplace.parent.parent.chmod(0o711)
    workplace.parent.chmod(0o711)
    workplace.chmod(0o711)
    debian(DEBIAN)
    fetched = workplace / "fetched"
    wheels(fetched, ROOT / "requirements/run.txt", "3.13")
    yield Builder(ROOT, DEBIAN, workplace, fetched).build(CONTAINERFILE)
    shutil.rmtree(workplace)


def printed(image: Image, *command: str) -> str:
    return subprocess.run(image.inside(command), capture_output=True, text=True, check=True).stdout.strip()


def test_what_is_built_is_small_and_can_install_nothing(image: Image):
    for absent in ("usr/bin/gcc", "usr/bin/pip3", "opt/triage/bin/pip", "usr/bin/git", "usr/bin/curl"):
        assert not (image.root / absent).exists()
    assert not list((image.root / "opt/triage/lib").glob("python*/site-packages/pip"))
    assert not list((image.root / "var/lib/apt/lists").glob("*_Packages*"))
    size = int(subprocess.run(["du", "-sm", image.root], capture_output=True, text=True, check=True).stdout.split()[0])
    assert size < 450


def test_nothing_of_it_belongs_to_the_user_that_it_runs_as_but_its_data(image: Image):
    inodes = (Path(folder, name) for folder, folders, files in os.walk(image.root) for name in [*folders, *files])
    assert [path for path in inodes if path.lstat().st_uid == 10001] == [image.root / "data"]
    assert printed(image, "stat", "--format", "%a", "/data") == "700"


def test_its_sqlite_and_its_driver_for_postgresql_are_good(image: Image):
    version = printed(image, "python", "-c", "import sqlite3; print(sqlite3.sqlite_version)")
    assert tuple(map(int, version.split("."))) >= (3, 42)
    assert printed(image, "python", "-c", "import psycopg; print(psycopg.pq.__impl__)") == "binary"


def wait_for(condition: Callable[[], object], log: Callable[[], str], seconds: float = 60) -> None:
    """Tells the end of the log where it does not come."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, log()[-4000:]
        time.sleep(0.1)


def healthy(image: Image, port: int) -> bool:
    """As an engine would ask."""
    command = image.inside(image.healthcheck, env={"PORT": str(port)})
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def stop(process: subprocess.Popen[bytes]) -> int:
    """Tells number 1 of the container, as an engine would."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()
    os.kill(int(children[0]), signal.SIGTERM)
    return process.wait(25)


def test_it_triages_an_issue_in_a_root_that_nobody_can_write_to(image: Image, tmp_path: Path):
    port, log = free_port(), tmp_path / "log"
    fake = FakeGitHub(Limits.off())
    app = fake.add_app(webhook_url=f"http://127.0.0.1:{port}/webhook")
    fake.add_repository("octo-org/repo", {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug", "needs-info"])
    with serve(fake) as github:
        env = {
            "PORT": str(port),
            "GITHUB_API_URL": github.url,
            "APP_ID": str(app.id),
            "PRIVATE_KEY": key_pair()[0],
            "WEBHOOK_SECRET": app.webhook_secret,
        }
        assert not healthy(image, port)
        with running(image, env, log) as process:
            wait_for(lambda: healthy(image, port), log.read_text)
            fake.install(app, "octo-org")
            issue = fake.open_issue("octo-org/repo", "ann", "Crash", "It does not work.")
            wait_for(lambda: fake.comments_by(app, "octo-org/repo", issue), log.read_text)
            begun = time.monotonic()
            assert stop(process) == 0, log.read_text()
            assert time.monotonic() - begun < 20


@pytest.mark.parametrize("_server", ["postgresql"] if INSTALLED else [])
def test_several_processes_go_in_it_too_and_stop_in_time(image: Image, tmp_path: Path, _server: str):
    port, log, database = free_port(), tmp_path / "log", free_port()
    image.command = ["serve", "--workers", "2", "--port", "0"]
    with postgresql_server("listen_addresses=127.0.0.1", f"port={database}"):
        env = {
            "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{database}/postgres",
            "APP_ID": "7",
            "PRIVATE_KEY": key_pair()[0],
            "WEBHOOK_SECRET": "a secret",
            "PORT": str(port),
        }
        with running(image, env, log) as process:
            wait_for(lambda: log.read_text().count("Configured") == 3, log.read_text)
            lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
            # Number 1 is the one that watches.
            assert all(line["pid"] > 1 for line in lines if line["event"] == "started")
            begun = time.monotonic()
            assert stop(process) == 0, log.read_text()
            assert time.monotonic() - begun < 20


@pytest.fixture
def machine(image: Image, tmp_path: Path) -> Iterator[Machine]:
    """The same Debian with systemd, the units, and the program where they look for it."""
    above = control_groups()
    if above is None:
        pytest.skip("takes control groups of version 2, mounted somewhere")
    root = image.root.with_name("machine")
    must("cp", "--archive", str(image.root), str(root))
    install = "apt-get update -qq && apt-get install -qq --yes --no-install-recommends systemd dbus"
    must(*Image(root).inside(["/bin/sh", "-c", install], env={"DEBIAN_FRONTEND": "noninteractive"}))
    for unit in (ROOT / "deploy/systemd").iterdir():
        shutil.copy(unit, root / "etc/systemd/system")
    program = root / "opt/autolog/.venv/bin/triage"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={image.env["PYTHONPATH"]} exec /opt/triage/bin/triage "$@"\n')
    program.chmod(0o755)
    (root / "etc/triage").mkdir()
    (root / "etc/systemd/system/default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    with booted(root, above, tmp_path / "boot.log") as it:
        yield it


@pytest.mark.parametrize("_server", ["postgresql"] if INSTALLED else [])
def test_under_systemd_the_units_triage_an_issue_without_any_right(machine: Machine, image: Image, _server: str):
    port, database = free_port(), free_port()
    instance = next(number for number in range(10, 100) if is_free(8100 + number))
    units = ("triage", f"triage-worker@{instance}")
    fake = FakeGitHub(Limits.off())
    app = fake.add_app(webhook_url=f"http://127.0.0.1:{port}/webhook")
    fake.add_repository("octo-org/repo", {".github/ISSUE_TEMPLATE/bug.yml": FORM}, labels=["bug", "needs-info"])
    with serve(fake) as github, postgresql_server("listen_addresses=127.0.0.1", f"port={database}"):
        settings = image.root.with_name("machine") / "etc/triage/environment"
        settings.write_text(
            f"PORT={port}\nDATABASE_URL=postgresql://postgres@127.0.0.1:{database}/postgres\nSERVE_OPTIONS=--web-only\n"
            f"GITHUB_API_URL={github.url}\nAPP_ID={app.id}\nWEBHOOK_SECRET={app.webhook_secret}\n"
            f"PRIVATE_KEY='{key_pair()[0]}'\n"
        )
        settings.chmod(0o600)
        assert machine.run("systemctl", "start", *units) == ""
        wait_for(lambda: ready(port) and ready(8100 + instance), lambda: journal(machine))
        fake.install(app, "octo-org")
        issue = fake.open_issue("octo-org/repo", "ann", "Crash", "It does not work.")
        wait_for(lambda: fake.comments_by(app, "octo-org/repo", issue), lambda: journal(machine))
        for unit in units:
            main = machine.run("systemctl", "show", "--property", "MainPID", "--value", unit).strip()
            status = machine.process(main)
            assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
            assert {int(status[kind], 16) for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        begun = time.monotonic()
        assert machine.run("systemctl", "stop", *units) == ""
        assert time.monotonic() - begun < 20
        for unit in units:
            assert machine.run("systemctl", "show", "--property", "Result", "--value", unit).strip() == "success"


def journal(machine: Machine) -> str:
    return machine.run("journalctl", "--no-pager", "--output", "cat", "--unit", "triage*")


def ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def is_free(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) != 0

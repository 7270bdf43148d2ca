"""Four hosts: one with PostgreSQL, three with a worker each. One of these is cut off from the database for a minute."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.fakes.github import FakeGitHub, serve
from tests.fakes.github.model import App
from tests.fakes.hosts import Host, hosts
from tests.fakes.postgresql import postgresql_server
from tests.fakes.relay import relay
from tests.faults.service import ROOT, ServiceProcess, fake_with
from tests.soak.mishaps import wait_for

INSIDE, OUTSIDE = "d", "w"
"""The networks: to the database, and to GitHub."""
NETWORKS = {INSIDE: "10.231.0", OUTSIDE: "10.232.0"}
REPOSITORIES = [f"octo-org/r{number}" for number in range(12)]
ISSUES = 6
"""Of each, twice: before the cut, and after it."""
CUT_FOR = 60.0
TAKEN_OVER_WITHIN = 30.0
PORT = 8000


def run(folder: Path, tell: Callable[[str], None]) -> list[str]:
    """What was wrong. Raises NoHostsError where there can be no hosts."""
    with ExitStack() as stack:
        database, *homes = stack.enter_context(hosts(("p", "a", "b", "c"), NETWORKS))
        fake, app = fake_with(REPOSITORIES, f"http://{homes[-1].addresses[OUTSIDE]}:{PORT}/webhook")
        github = stack.enter_context(serve(fake))
        port = int(github.url.rpartition(":")[2])
        outside = stack.enter_context(relay(("127.0.0.1", port), host=f"{NETWORKS[OUTSIDE]}.1"))
        address, inside = database.addresses[INSIDE], f"{NETWORKS[INSIDE]}.0/24"
        stack.enter_context(postgresql_server(f"listen_addresses={address}", within=database.within, trusting=inside))
        workers: list[ServiceProcess] = []
        for home in homes:
            # To the bot GitHub is on loopback, as it takes no other address without https.
            stack.enter_context(_running(home, "-m", "tests.fakes.relay", str(port), outside.host, str(outside.port)))
            url, at = f"postgresql://postgres@{address}/postgres", home.addresses[OUTSIDE]
            worker = ServiceProcess(github, app, folder / home.name, PORT, url, host=at, within=home.within)
            stack.callback(worker.close)
            worker.start()
            workers += [worker]
        fake.install(app, "octo-org")
        fake.hooks.wait(30)
        fake.faults.hang(0.2, method="POST", path="/comments$", times=-1, when="after")
        cut = Cut(fake, app, tell)
        cut.play(homes[0], workers[0])
        for worker in workers:
            if (code := worker.stop()) != 0:
                cut.wrong.append(f"a worker ended by {code} when it was told to stop, see {worker.log}")
        return cut.wrong


class Cut:
    """What happens, and what is to be seen of it at GitHub."""

    def __init__(self, fake: FakeGitHub, app: App, tell: Callable[[str], None]) -> None:
        self.fake, self.app, self.tell = fake, app, tell
        self.wrong: list[str] = []

    def play(self, host: Host, victim: ServiceProcess) -> None:
        self._open_issues()
        wait_for(lambda: sum(self._asked()) >= 12, 30, 0.05)
        host.cut(INSIDE)
        until = time.monotonic() + CUT_FOR
        self.tell(f"cut off from the database, with {sum(self._asked())} of {len(self._asked())} issues asked about")
        self._all_asked_within(TAKEN_OVER_WITHIN, "of the cut")
        time.sleep(max(0.0, until - time.monotonic()))
        host.mend(INSIDE)
        mended = time.monotonic()
        if not wait_for(lambda: "others have taken over" in victim.log.read_text(), 30):
            self.wrong.append("the one that was cut off did not notice that others have taken over")
        victim.wait_until_ready()
        self.tell(f"mended; it noticed, and was ready anew {time.monotonic() - mended:.1f} s later")
        self._open_issues()
        self._all_asked_within(60, "of more issues")
        # Long enough for a second comment, were one on its way.
        time.sleep(2)
        if twice := sum(count > 1 for count in self._asked()):
            self.wrong.append(f"{twice} issues were asked about twice")

    def _open_issues(self) -> None:
        for number in range(ISSUES):
            for repo in REPOSITORIES:
                self.fake.open_issue(repo, "ann", f"Problem {number}", "It does not work.")

    def _asked(self) -> list[int]:
        """How often each was."""
        issues = [(repo, number) for repo in REPOSITORIES for number in self.fake.repository(repo).issues]
        return [len(self.fake.comments_by(self.app, repo, number)) for repo, number in issues]

    def _all_asked_within(self, seconds: float, of: str) -> None:
        begun = time.monotonic()
        if not wait_for(lambda: all(self._asked()), seconds, 0.1):
            self.wrong.append(f"{self._asked().count(0)} issues were not asked about within {seconds:.0f} s {of}")
        self.tell(f"all issues were asked about within {time.monotonic() - begun:.1f} s {of}")


@contextmanager
def _running(host: Host, *arguments: str) -> Iterator[None]:
    with subprocess.Popen([*host.within, sys.executable, *arguments], cwd=ROOT) as process:
        try:
            yield
        finally:
            process.kill()

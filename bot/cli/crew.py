"""`triage serve --workers`: one process takes webhooks, the others work, and this one keeps them there."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import structlog

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Sequence

log = structlog.get_logger(__name__)

STOP_SECONDS = 19.0
"""A process ends by itself within 18 of being told to (`bot.web.server`)."""
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_WELL_AFTER = 60.0
"""Seconds of life after which an end is no longer taken for another attempt that failed."""


class Member(NamedTuple):
    """One of the processes."""

    name: str
    arguments: Sequence[str]
    """Set behind this process's own, which they overrule."""


def members(workers: int, port: int) -> list[Member]:
    """The workers' health and figures are at the ports that follow the web's; where that is any, so are they."""
    web = Member("web", ["--workers", "1", "--web-only"])
    rest = [
        Member(f"worker-{number}", ["--workers", "1", "--work-only", "--port", str(port + number if port else 0)])
        for number in range(1, workers + 1)
    ]
    return [web, *rest]


class Crew:
    """Runs them all until SIGTERM or SIGINT, or until one cannot even be started."""

    def __init__(self, crew: Sequence[Member]) -> None:
        self._members = crew
        self._stopping = asyncio.Event()
        self._failed = False

    async def run(self) -> bool:
        """Back within 20 seconds of being told to stop; whether all went well."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        async with asyncio.TaskGroup() as group:
            for member in self._members:
                group.create_task(self._keep(member))
        log.info("all have stopped")
        return not self._failed

    async def _keep(self, member: Member) -> None:
        """Starts it again whenever it ends; but one that never was up says on stderr what to mend, and that is all."""
        pause, was_up = _SHORTEST_PAUSE, False
        while not self._stopping.is_set():
            begun = time.monotonic()
            up, code = await self._run(member)
            was_up |= up
            if self._stopping.is_set():
                self._failed |= code not in {0, -signal.SIGTERM}
                return
            if code > 0 and not was_up:
                log.error("a process could not start, for the reason above: stopping", process=member.name)
                self._failed = True
                self._stopping.set()
                return
            if time.monotonic() - begun > _WELL_AFTER:
                pause = _SHORTEST_PAUSE
            log.warning("a process ended and is started again", process=member.name, **_how(code), in_seconds=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _run(self, member: Member) -> tuple[bool, int]:
        """One life of it: whether it was up, and its exit code, negative for a signal."""
        ours, theirs = socket.socketpair()
        with ours:
            ours.settimeout(0)
            with theirs:
                try:
                    process = await _start(member, theirs)
                except OSError as error:
                    log.error("no process could be made", process=member.name, reason=str(error))  # noqa: TRY400 all told
                    return False, 1
            log.info("started", process=member.name, pid=process.pid)
            try:
                return await self._attend(member, process, ours)
            finally:
                if process.returncode is None:
                    process.kill()

    async def _attend(self, member: Member, process: Process, line: socket.socket) -> tuple[bool, int]:
        life = asyncio.create_task(_live(process, line))
        stop = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({life, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not life.done():
            process.terminate()
            await asyncio.wait({life}, timeout=STOP_SECONDS)
            if not life.done():
                log.error("a process did not end in time and is killed", process=member.name, pid=process.pid)
                process.kill()
        return await life


async def _start(member: Member, line: socket.socket) -> Process:
    """The same program with the same arguments, and some more."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *sys.orig_argv[1:],
        *member.arguments,
        *("--known-as", member.name, "--lifeline", str(line.fileno())),
        stdin=asyncio.subprocess.DEVNULL,
        pass_fds=[line.fileno()],
        # So that Ctrl-C comes to this process alone, which passes it on.
        process_group=0,
    )


async def _live(process: Process, line: socket.socket) -> tuple[bool, int]:
    """Until it has ended. Its end of the line is closed then, so that nothing comes where it was never up."""
    up = await asyncio.get_running_loop().sock_recv(line, 1)
    return bool(up), await process.wait()


def _how(code: int) -> dict[str, int]:
    return {"signal": -code} if code < 0 else {"exit_code": code}

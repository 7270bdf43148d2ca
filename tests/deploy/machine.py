"""A machine that runs systemd: a Debian in a folder, booted in namespaces of its own, on the network of this one."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# By pivot_root, since a user namespace, which units may ask for, cannot be made within a chroot.
_BOOT = """
set -e
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount --rbind /dev dev
mkdir -p .old
pivot_root . .old
umount -l /.old
exec env -i container=folder PATH=/usr/sbin:/usr/bin /usr/lib/systemd/systemd --log-target=journal --show-status=no
"""
_NAMESPACES = ("--mount", "--pid", "--uts", "--ipc", "--cgroup")


class Machine:
    """One that runs."""

    def __init__(self, outer: int) -> None:
        """`outer`: the process that holds its number 1."""
        children = Path(f"/proc/{outer}/task/{outer}/children").read_text(encoding="ascii").split()
        self._first = children[0]

    def run(self, *command: str) -> str:
        """What a command in it prints, however it ends."""
        enter = ["nsenter", "--target", self._first, *_NAMESPACES, "--root", "--wd"]
        done = subprocess.run([*enter, *command], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def process(self, number: str) -> dict[str, str]:
        """What the kernel says of one of its processes, by the number that it has there."""
        lines = self.run("cat", f"/proc/{number}/status").splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def control_groups() -> Path | None:
    """Where this process's are, of version 2; None where there are none."""
    mounted = re.search(r"^\S+ (\S+) cgroup2 ", Path("/proc/mounts").read_text(encoding="utf-8"), re.MULTILINE)
    mine = re.search(r"^0::/(.*)$", Path("/proc/self/cgroup").read_text(encoding="utf-8"), re.MULTILINE)
    return Path(mounted[1]) / mine[1] if mounted and mine else None


@contextmanager
def _group(above: Path) -> Iterator[Path]:
    """One for the machine, so that its systemd has nothing to do with ours; nothing is left in it, nor of it."""
    group = above / f"triage-test-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        (group / "cgroup.kill").write_text("1", encoding="ascii")
        until = time.monotonic() + 20
        while "populated 1" in (group / "cgroup.events").read_text(encoding="ascii") and time.monotonic() < until:
            time.sleep(0.1)
        for folder, _, _ in os.walk(group, topdown=False):
            Path(folder).rmdir()


@contextmanager
def booted(root: Path, above: Path, log: Path) -> Iterator[Machine]:
    """Until systemd has come up; cut off at the end. `above`: the control group below which it is to be."""
    with _group(above) as group, log.open("wb") as said:
        unshare = ["unshare", *_NAMESPACES, "--propagation", "private", "--fork", "--kill-child", "sh", "-c", _BOOT]
        join = ["sh", "-c", 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"', "sh", str(group)]
        process = subprocess.Popen([*join, *unshare, "sh", str(root)], stdout=said, stderr=said)
        try:
            until = time.monotonic() + 60
            state = ""
            while state not in {"running", "degraded"}:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, state
                time.sleep(0.5)
                # Degraded: modules of the kernel are none of its business.
                state = Machine(process.pid).run("systemctl", "is-system-running").strip()
            yield Machine(process.pid)
        finally:
            process.kill()
            process.wait()

"""Does what a Containerfile says in plain folders, as a container engine would, by chroot and namespaces."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SUITE = "trixie"
_BASE = f"debian:{SUITE}-slim"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Step(NamedTuple):
    word: str
    rest: str


def steps(containerfile: Path) -> list[Step]:
    """Its instructions, continued lines joined and comments left out."""
    lines = [line for line in containerfile.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def debian(folder: Path) -> None:
    """A bare one, if it is not there yet; made beside it first, so that half a one never counts."""
    if folder.exists():
        return
    draft = folder.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.parent.mkdir(parents=True, exist_ok=True)
    must("debootstrap", "--variant=minbase", SUITE, str(draft))
    draft.rename(folder)


def wheels(folder: Path, requirements: Path, python: str) -> None:
    """Fetches what is required, for `python` such as 3.13 on this machine's kind of processor, into a folder."""
    machine = os.uname().machine
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(41, 4, -1)] + ["any"]
    must(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(folder)),
        *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(requirements)),
        *("--implementation", "cp", "--python-version", python, "--abi", f"cp{python.replace('.', '')}"),
        *("--abi", "abi3", "--abi", "none", *(word for it in platforms for word in ("--platform", it))),
    )


@dataclass
class Image:
    """A stage that was built: its files, and how a process in it is to be started."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    user: str = "0:0"
    folder: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    def inside(self, command: Sequence[str], *, env: Mapping[str, str] = {}, mounts: str = "true") -> list[str]:
        """What runs a command as a container would: number 1 of its own processes, as its user, without any right.

        `mounts`: a shell's commands that are to prepare the folder `$root`, in a namespace of their own.
        """
        settings = [f"{name}={value}" for name, value in {**self.env, **env}.items()]
        prepare = (
            f'set -e; root={self.root}; mount --bind $root $root; mount -t proc proc $root/proc; {mounts}; exec "$@"'
        )
        user, _, group = self.user.partition(":")
        become = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        if user != "0":
            become += ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
        return [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", prepare, "sh"),
            *("chroot", str(self.root), *become, "env", "-i", "--chdir", self.folder, *settings, *command),
        ]


class Builder:
    """Builds from a context, with a bare Debian for its only base."""

    def __init__(self, context: Path, base: Path, workplace: Path, fetched: Path) -> None:
        """`fetched`: the packages that pip installs from, as the steps have no network but apt's."""
        self._context, self._base, self._workplace, self._fetched = context, base, workplace, fetched
        self._stages: dict[str, Image] = {}

    def build(self, containerfile: Path) -> Image:
        """The last stage."""
        image: Image | None = None
        for word, rest in steps(containerfile):
            if word == "FROM":
                image = self._begin(rest)
                continue
            assert image
            match word:
                case "RUN":
                    mounts = f"mkdir -p $root/mnt/fetched; mount --bind {self._fetched} $root/mnt/fetched"
                    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/mnt/fetched", "DEBIAN_FRONTEND": "noninteractive"}
                    must(*image.inside(["/bin/sh", "-c", rest], env=env, mounts=mounts))
                case "COPY":
                    self._copy(image, rest.split())
                case "ENV":
                    image.env |= dict(pair.split("=", 1) for pair in rest.split())
                case "USER":
                    image.user = rest
                case "WORKDIR":
                    image.folder = rest
                case "ENTRYPOINT":
                    image.entrypoint = json.loads(rest)
                case "CMD":
                    image.command = json.loads(rest)
                case "HEALTHCHECK":
                    image.healthcheck = json.loads(rest.partition("CMD ")[2])
                case "VOLUME" | "EXPOSE" | "STOPSIGNAL":
                    pass
                case _:
                    raise ValueError(f"{word} is not known here")
        assert image
        return image

    def _begin(self, rest: str) -> Image:
        base, _, name = rest.partition(" AS ")
        assert base == _BASE
        root = self._workplace / (name or "last")
        must("cp", "--archive", "--reflink=auto", str(self._base), str(root))
        return self._stages.setdefault(name, Image(root))

    def _copy(self, image: Image, words: list[str]) -> None:
        origin = self._context
        if words[0].startswith("--from="):
            origin = self._stages[words.pop(0).removeprefix("--from=")].root
        *sources, target = words
        there = image.root / target.lstrip("/")
        (there if target.endswith("/") else there.parent).mkdir(parents=True, exist_ok=True)
        for source in sources:
            path = origin / source.lstrip("/")
            if path.is_dir():
                ignore = shutil.ignore_patterns("__pycache__") if origin == self._context else None
                shutil.copytree(path, there, symlinks=True, dirs_exist_ok=True, ignore=ignore)
            else:
                shutil.copy2(path, there)


@contextmanager
def running(image: Image, env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Its command in a root that nobody can write to, with an empty volume at /data."""
    user, _, group = image.user.partition(":")
    volume = f"mount -t tmpfs -o mode=700,uid={user},gid={group} tmpfs $root/data"
    read_only = f"{volume}; mount -o remount,ro,bind $root"
    command = image.inside([*image.entrypoint, *image.command], env=env, mounts=read_only)
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            yield process
        finally:
            process.kill()


def must(*command: str) -> None:
    """Runs it to its good end."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"

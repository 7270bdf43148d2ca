"""Finds the programs of this machine that some tests use; what is absent is left out, but never in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Debian and its kin keep the server's programs out of PATH.
_OTHERS = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
_PLACES = (os.environ.get("PATH", os.defpath), *_OTHERS)


def program(*names: str) -> str | None:
    """Where the first of these is that there is; None without one."""
    found = (shutil.which(name, path=os.pathsep.join(_PLACES)) for name in names)
    path = next(filter(None, found), None)
    if path is None and os.environ.get("CI") == "true":
        raise RuntimeError(f"no {' or '.join(names)} here: in CI the tests that use it must run")
    return path

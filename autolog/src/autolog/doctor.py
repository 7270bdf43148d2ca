"""The environment that a bug report needs, without a secret in it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path

from autolog import uris
from autolog.delivery.journal import folders

TITLE = "autolog doctor"
FORMAT = 1
"""Counted up when a reader of the block would have to change."""
_ABSENT = "not installed"
_BACKENDS = ("tensorflow", "jax", "torch")


def doctor(*, as_json: bool = False) -> None:
    """Print the environment: as a fenced block that can be pasted into an issue, or as a JSON object."""
    print(report(as_json=as_json))  # noqa: T201 - what it is for


def report(*, as_json: bool = False) -> str:
    """What `doctor` prints."""
    found = environment()
    if as_json:
        return json.dumps({TITLE: FORMAT, **found}, indent=2)
    lines = [f"{TITLE} {FORMAT}", *(f"{key}: {value}" for key, value in found.items())]
    return "\n".join(["```text", *lines, "```"])


def environment() -> dict[str, str]:
    """Versions and settings by name. The tracking URI is without user, password and token."""
    from autolog import __version__

    versions = {name: _version(name) for name in ("mlflow", "keras", "tf-keras", "tensorflow", "jax", "torch")}
    if versions["tensorflow"] == _ABSENT:
        versions["tensorflow"] = _version("tensorflow-cpu")
    tracking = _tracking_uri()
    return {
        "os": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "python": platform.python_version(),
        "autolog": __version__,
        "mlflow": versions["mlflow"],
        "keras": versions["keras"],
        "tf-keras": versions["tf-keras"],
        "backend": _backend(versions),
        **{name: versions[name] for name in _BACKENDS},
        "tracking": uris.public(tracking) if tracking else "unknown",
        "store": uris.store_of(tracking) if tracking else "unknown",
        "undelivered": str(_undelivered()),
    }


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return _ABSENT


def _backend(versions: dict[str, str]) -> str:
    """Keras's backend and its version, without importing Keras: https://keras.io/getting_started/."""
    if versions["keras"] == _ABSENT:
        return _ABSENT
    name = _backend_name() if not versions["keras"].startswith("2.") else "tensorflow"
    version = versions.get(name, "")
    return f"{name} {version}".strip() if version != _ABSENT else f"{name} ({_ABSENT})"


def _backend_name() -> str:
    keras = sys.modules.get("keras")
    if keras is not None:
        return str(keras.backend.backend())
    if chosen := os.environ.get("KERAS_BACKEND"):
        return chosen
    try:
        config = json.loads((_keras_folder() / "keras.json").read_text(encoding="utf-8"))
        return str(config.get("backend", "tensorflow"))
    except (OSError, ValueError, AttributeError):
        return "tensorflow"


def _keras_folder() -> Path:
    """As Keras finds it, also for a user without a home that can be written to: https://keras.io/api/utils/config_utils/."""
    if chosen := os.environ.get("KERAS_HOME"):
        return Path(chosen)
    try:
        home = Path.home()
    except (RuntimeError, KeyError):
        home = None
    return (home if home is not None and os.access(home, os.W_OK) else Path("/tmp")) / ".keras"  # noqa: S108 - Keras's


def _tracking_uri() -> str | None:
    try:
        import mlflow

        return str(mlflow.get_tracking_uri())
    except Exception:
        return os.environ.get("MLFLOW_TRACKING_URI")


def _undelivered() -> int:
    """How many spools wait for `autolog sync`, those of running programs among them."""
    return len(folders())

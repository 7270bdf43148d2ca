"""Finds the files that travel with the code: Jinja templates and the App's manifest."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(name: str) -> Path:
    """`templates` or `app.yaml`: inside the package when installed, at the checkout's root otherwise."""
    packaged = _PACKAGE / name
    return packaged if packaged.exists() else _PACKAGE.parent / name

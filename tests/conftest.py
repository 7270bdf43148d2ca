"""What every test lives under: no network but loopback."""

from __future__ import annotations

pytest_plugins = ["tests.plugins.loopback_only"]

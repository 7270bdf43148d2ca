"""Compiles the patterns that a policy holds, in an engine whose time and memory are bounded whatever they say."""

from __future__ import annotations

from typing import Any

import re2

MOST_MEMORY = 1024 * 1024
"""Bytes for one pattern, its program and its cache of states. Where RE2 runs out of it while it searches, it goes on
with less; a pattern whose program alone is larger is refused."""


def compile_pattern(pattern: str) -> Any:
    """Raises ValueError, with the reason in words for people."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0] if error.args else ""
        detail = detail.decode() if isinstance(detail, bytes) else detail
        raise ValueError(f"RE2 cannot read this pattern: {detail}") from error

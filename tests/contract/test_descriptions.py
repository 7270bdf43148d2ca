from __future__ import annotations

import os

from tests.contract import promises


def test_on_ci_the_descriptions_are_there():
    assert promises.available() or not os.environ.get("CI"), promises.HINT

"""Made-up repositories with the truth about each issue; see `community.py`."""

from tests.fakes.community.community import NOW, Community
from tests.fakes.community.draft import FULL_NAME, Made

__all__ = ["FULL_NAME", "NOW", "Community", "Made"]

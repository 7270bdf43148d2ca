"""A stateful fake of GitHub: REST, a little GraphQL, and signed webhooks, on loopback."""

from tests.fakes.github.fake import FakeGitHub
from tests.fakes.github.limits import Limits
from tests.fakes.github.scene import files_below, key_pair
from tests.fakes.github.server import Running, serve

__all__ = ["FakeGitHub", "Limits", "Running", "files_below", "key_pair", "serve"]

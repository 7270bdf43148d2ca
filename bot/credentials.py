"""The App's credentials: checked, kept in the data directory by the setup page, and never shown."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

if TYPE_CHECKING:
    from pathlib import Path

FILE = "app.json"
"""Within the data directory: one file, so that it is there whole or not at all."""


class CredentialsError(Exception):
    """Credentials that cannot be used; the text is for people and holds no secret."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the service needs to act as the App and to believe a delivery."""

    app_id: int
    private_key: str = field(repr=False)
    """PEM."""
    webhook_secret: str = field(repr=False)
    html_url: str = ""
    """The App's page on GitHub, where the setup page learnt it."""

    @property
    def secret(self) -> bytes:
        return self.webhook_secret.encode()


def checked_key(text: str, source: str) -> str:
    r"""The PEM of an RSA key, with literal `\n` (as one-line environment files have it) made line ends."""
    pem = text.strip().strip("\"'").replace("\\n", "\n").replace("\r\n", "\n").strip() + "\n"
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:  # TypeError: the key asks for a passphrase
        seen = "it begins like one, but is cut or changed" if "PRIVATE KEY" in pem else "no BEGIN … PRIVATE KEY line"
        message = (
            f"{source} does not hold a private key in PEM form without a passphrase ({seen})."
            " Download a new one at the bottom of the App's settings page and give that file unchanged."
        )
        raise CredentialsError(message) from error
    if not isinstance(key, RSAPrivateKey):
        message = f"{source} holds a key that is not RSA; GitHub Apps sign with the RSA key that GitHub made for them."
        raise CredentialsError(message)
    return pem


def read_credentials(data_dir: Path) -> Credentials | None:
    """What setup wrote, or None where it has not run yet."""
    path = data_dir / FILE
    try:
        content = orjson.loads(path.read_bytes())
        return Credentials(
            app_id=int(content["app_id"]),
            private_key=checked_key(content["private_key"], str(path)),
            webhook_secret=content["webhook_secret"],
            html_url=content["html_url"],
        )
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror}): let the user who runs the bot read it."
        raise CredentialsError(message) from error
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path} is not what setup writes: restore it, or remove it and open the setup page again."
        raise CredentialsError(message) from error


def write_credentials(data_dir: Path, credentials: Credentials) -> Path:
    """Writes them once and for all (mode 600): refuses to replace what is there, even against a rival process."""
    prepare_data_dir(data_dir)
    path, draft = data_dir / FILE, data_dir / f".{FILE}.{secrets.token_hex(4)}"
    content = orjson.dumps(
        {
            "app_id": credentials.app_id,
            "html_url": credentials.html_url,
            "webhook_secret": credentials.webhook_secret,
            "private_key": credentials.private_key,
        },
        option=orjson.OPT_INDENT_2,
    )
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # a link, unlike a rename, never replaces
    except FileExistsError as error:
        message = f"{path} is there already: this service has its App. To register another, stop it and move the file."
        raise CredentialsError(message) from error
    except OSError as error:
        message = f"{path} cannot be written ({error.strerror}): let the user who runs the bot write there."
        raise CredentialsError(message) from error
    finally:
        with suppress(OSError):
            draft.unlink()
    directory = os.open(data_dir, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return path


def prepare_data_dir(data_dir: Path) -> None:
    """Makes it (mode 700). One that was there, empty, is closed to others too; one in use is left as it is."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if data_dir.stat().st_mode & 0o077 and not any(data_dir.iterdir()):
            data_dir.chmod(0o700)
    except OSError as error:
        message = f"The data directory {data_dir} cannot be used ({error.strerror}): give another by --data-dir."
        raise CredentialsError(message) from error

"""The settings: the environment, the command line's flags over it, and what setup left in the data directory."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, quote, urlsplit

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.credentials import Credentials, CredentialsError, checked_key, read_credentials

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LogLevel = Literal["debug", "info", "warning", "error"]
_DATABASE = "triage.db"
_SHOWN = frozenset({
    "PORT", "LOG_LEVEL", "GITHUB_CONTENT_LIMITS", "TRIAGE_HOST", "TRIAGE_DATA_DIR", "TRIAGE_KEEP_BODIES_DAYS",
    "TRIAGE_KEEP_DELIVERIES_DAYS", "TRIAGE_KEEP_JOURNAL_DAYS", "TRIAGE_KEEP_RUNS_DAYS",
})  # fmt: skip
"""Settings whose wrong value may be repeated; an address can hold a password, and an APP_ID a misplaced secret."""


class SettingsError(Exception):
    """Settings that cannot be used; one line a problem, for people, without any secret."""


class Settings(BaseSettings):
    """All that can be set, built once at start by `load_settings`."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    # HOST and DATA_DIR are no names for these: some shells export the machine's own name as HOST.
    host: str = Field("127.0.0.1", validation_alias="TRIAGE_HOST")
    port: int = Field(8000, ge=0, le=65535)
    """0 takes any free port."""
    data_dir: Path = Field(Path("data"), validation_alias="TRIAGE_DATA_DIR")
    log_level: LogLevel = "info"
    github_api_url: str = "https://api.github.com"
    github_content_limits: bool = True
    """False for a GitHub Enterprise Server that has its limits on writes switched off."""
    github_token: SecretStr | None = None
    """A person's, for `triage simulate` and `triage labels` alone; the service never uses it."""
    database_url: str = ""
    app_id: int | None = Field(None, gt=0)
    private_key: SecretStr | None = None
    private_key_path: Path | None = None
    webhook_secret: SecretStr | None = None

    keep_bodies_days: int = Field(7, ge=1, validation_alias="TRIAGE_KEEP_BODIES_DAYS")
    """What GitHub sent, once it is worked through."""
    keep_deliveries_days: int = Field(90, ge=10, validation_alias="TRIAGE_KEEP_DELIVERIES_DAYS")
    """That a delivery was here. Never less than GitHub may send it again, also on an Enterprise Server."""
    keep_journal_days: int = Field(365, ge=1, validation_alias="TRIAGE_KEEP_JOURNAL_DAYS")
    keep_runs_days: int = Field(1, ge=1, validation_alias="TRIAGE_KEEP_RUNS_DAYS")
    """The engine's records of finished runs."""

    _credentials: Credentials | None = PrivateAttr(None)

    @property
    def credentials(self) -> Credentials | None:
        """None until the App is registered."""
        return self._credentials

    @property
    def database_file(self) -> Path | None:
        """The SQLite file in the data directory; None where DATABASE_URL says otherwise."""
        return self.data_dir / _DATABASE if self.database_url == self._sqlite_url else None

    @property
    def on_sqlite(self) -> bool:
        """Then there is one process, and no other beside it."""
        return self.database_url.startswith("sqlite")

    @property
    def web_url(self) -> str:
        """Where people use this GitHub, e.g. `https://github.com`."""
        return web_url_of(self.github_api_url)

    @property
    def _sqlite_url(self) -> str:
        return f"sqlite:///{quote(str(self.data_dir / _DATABASE))}"

    @field_validator("webhook_secret")
    @classmethod
    def _not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            message = "must not be blank: anybody could sign deliveries"
            raise ValueError(message)
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _level_in_any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("github_api_url")
    @classmethod
    def _safe_api_url(cls, value: str) -> str:
        url = web_address(value)
        if url is None:
            message = "must be a URL such as https://api.github.com or https://HOST/api/v3"
            raise ValueError(message)
        if url.scheme == "http" and not is_loopback(url.hostname or ""):
            message = "must use https: the App's tokens would cross the network in clear (http is for loopback only)"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:", "postgresql:", "postgresql+", "postgres:")):
            message = "must start with sqlite:/// or postgresql://"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _complete(self) -> Settings:
        if not self.database_url:
            # The usual way around a frozen model, while it is being built.
            object.__setattr__(self, "database_url", self._sqlite_url)
        self._credentials = self._from_environment() or read_credentials(self.data_dir)
        return self

    def _from_environment(self) -> Credentials | None:
        """The whole set, or none of it: half a configuration is a mistake that must not go unseen."""
        key = self.private_key or self.private_key_path
        parts = {"APP_ID": self.app_id, "PRIVATE_KEY or PRIVATE_KEY_PATH": key, "WEBHOOK_SECRET": self.webhook_secret}
        missing = [name for name, value in parts.items() if value is None]
        if len(missing) == len(parts):
            return None
        if self.app_id is None or key is None or self.webhook_secret is None:
            given = ", ".join(name for name in parts if name not in missing)
            message = (
                f"Half a configuration: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set,"
                f" while {given} {'is' if len(parts) - len(missing) == 1 else 'are'}. Set all of them, as on the App's"
                " settings page, or none to register an App by the setup page."
            )
            raise CredentialsError(message)
        if self.private_key and self.private_key_path:
            message = "PRIVATE_KEY and PRIVATE_KEY_PATH are both set: keep the one you mean."
            raise CredentialsError(message)
        if isinstance(key, SecretStr):
            pem = checked_key(key.get_secret_value(), "PRIVATE_KEY")
        else:
            pem = checked_key(_text_of(key), f"PRIVATE_KEY_PATH={key}")
        return Credentials(app_id=self.app_id, private_key=pem, webhook_secret=self.webhook_secret.get_secret_value())


def load_settings(*, host: str | None = None, port: int | None = None, data_dir: Path | None = None) -> Settings:
    """The environment with these flags over it. Raises SettingsError with every problem named."""
    flags: dict[str, Any] = {"TRIAGE_HOST": host, "port": port, "TRIAGE_DATA_DIR": data_dir}
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except CredentialsError as error:
        raise SettingsError(str(error)) from None
    except ValidationError as error:
        # `from None`: the chain would show the input, and that may be a secret.
        raise SettingsError("\n".join(_problem(item) for item in error.errors(include_url=False))) from None


def web_url_of(api_url: str) -> str:
    """The web address that belongs to an API address: github.com, GitHub Enterprise Server, and *.ghe.com."""
    url = urlsplit(api_url)
    host = url.netloc.removeprefix("api.") if not url.path.startswith("/api/") else url.netloc
    return f"{url.scheme}://{host}"


def web_address(value: str) -> SplitResult | None:
    """None where it is more or less than a host's, perhaps with a port and a path."""
    try:
        url = urlsplit(value)
        usable = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError:
        return None
    return url if usable and not (url.query or url.fragment or url.username) else None


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _text_of(path: Path) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        message = f"PRIVATE_KEY_PATH={path} cannot be read ({reason}): give the .pem file that GitHub made for the App."
        raise CredentialsError(message) from None


def _problem(item: ErrorDetails) -> str:
    name = str(item["loc"][0]).upper()
    if name == "APP_ID":
        return "APP_ID: must be the App's number, the App ID on its settings page (the Client ID is another thing)."
    shown = f"={item['input']}" if name in _SHOWN else ""
    return f"{name}{shown}: {item['msg'].removeprefix('Value error, ').removeprefix('Input ')}."

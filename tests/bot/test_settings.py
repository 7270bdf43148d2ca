"""Settings: what is taken from where, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy import make_url

from bot.credentials import Credentials, write_credentials
from bot.settings import SettingsError, load_settings, web_url_of
from tests.fakes.service import new_key

KEY = new_key()
COMPLETE = {"APP_ID": "12", "PRIVATE_KEY": KEY, "WEBHOOK_SECRET": "a secret of some length"}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in list(os.environ):
        if name in {*COMPLETE, "PRIVATE_KEY_PATH", "GITHUB_API_URL", "DATABASE_URL", "PORT", "LOG_LEVEL"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("TRIAGE_DATA_DIR", str(tmp_path))


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return str(caught.value)


def test_nothing_set_means_no_credentials_and_a_database_in_the_data_directory(tmp_path: Path):
    settings = load_settings()
    assert settings.credentials is None
    assert settings.database_url == f"sqlite:///{tmp_path}/triage.db"
    assert (settings.host, settings.port, settings.log_level) == ("127.0.0.1", 8000, "info")
    assert settings.github_api_url == "https://api.github.com"


def test_flags_win_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    set_all(monkeypatch, {"PORT": "9000", "TRIAGE_HOST": "0.0.0.0"})  # noqa: S104
    flagged = load_settings(host="127.0.0.2", port=0, data_dir=tmp_path / "other")
    assert (flagged.host, flagged.port, flagged.data_dir) == ("127.0.0.2", 0, tmp_path / "other")
    assert load_settings().port == 9000
    assert load_settings().host == "0.0.0.0"  # noqa: S104


def test_the_machines_own_name_in_host_is_not_taken_for_an_address(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOST", "build-7")
    assert load_settings().host == "127.0.0.1"


def test_a_relative_data_directory_is_made_absolute():
    assert load_settings(data_dir=Path("here")).data_dir == Path.cwd() / "here"


def test_complete_credentials_are_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    set_all(monkeypatch, COMPLETE)
    credentials = load_settings().credentials
    assert credentials is not None
    assert (credentials.app_id, credentials.private_key) == (12, KEY)
    assert credentials.secret == b"a secret of some length"


@pytest.mark.parametrize("written", [KEY.replace("\n", "\\n"), f'"{KEY.strip()}"', KEY.replace("\n", "\r\n")])
def test_a_key_survives_how_environment_files_write_it(monkeypatch: pytest.MonkeyPatch, written: str):
    set_all(monkeypatch, COMPLETE | {"PRIVATE_KEY": written})
    credentials = load_settings().credentials
    assert credentials is not None
    assert credentials.private_key == KEY


def test_a_key_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "app.pem").write_text(KEY)
    set_all(monkeypatch, COMPLETE | {"PRIVATE_KEY": "", "PRIVATE_KEY_PATH": str(tmp_path / "app.pem")})
    credentials = load_settings().credentials
    assert credentials is not None
    assert credentials.private_key == KEY


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"APP_ID"}, "PRIVATE_KEY or PRIVATE_KEY_PATH and WEBHOOK_SECRET are not set, while APP_ID is"),
        ({"APP_ID", "PRIVATE_KEY"}, "WEBHOOK_SECRET is not set"),
        ({"APP_ID", "WEBHOOK_SECRET"}, "PRIVATE_KEY or PRIVATE_KEY_PATH is not set"),
        ({"PRIVATE_KEY", "WEBHOOK_SECRET"}, "APP_ID is not set"),
        ({"WEBHOOK_SECRET"}, "APP_ID and PRIVATE_KEY or PRIVATE_KEY_PATH are not set"),
    ],
)
def test_half_a_configuration_is_refused_and_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, given: set[str], missing: str
):
    set_all(monkeypatch, {name: COMPLETE[name] for name in given})
    message = refusal()
    assert missing in message
    assert "setup page" in message


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch):
    set_all(monkeypatch, COMPLETE | {"WEBHOOK_SECRET": ""})
    assert "WEBHOOK_SECRET is not set" in refusal()


def test_a_key_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch):
    set_all(monkeypatch, COMPLETE | {"PRIVATE_KEY_PATH": "app.pem"})
    assert "both set" in refusal()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("hunter2", "no BEGIN … PRIVATE KEY line"),
        (KEY[:400], "cut or changed"),
        (new_key(ed25519.Ed25519PrivateKey.generate()), "not RSA"),
    ],
)
def test_what_is_no_rsa_key_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, value: str, said: str):
    set_all(monkeypatch, COMPLETE | {"PRIVATE_KEY": value})
    message = refusal()
    assert message.startswith("PRIVATE_KEY ")
    assert said in message
    assert value not in message


def test_an_absent_key_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    set_all(monkeypatch, COMPLETE | {"PRIVATE_KEY": "", "PRIVATE_KEY_PATH": str(tmp_path / "gone.pem")})
    assert f"PRIVATE_KEY_PATH={tmp_path}/gone.pem cannot be read" in refusal()


def test_a_binary_key_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "app.der").write_bytes(b"\xff\xfe\x00")
    set_all(monkeypatch, COMPLETE | {"PRIVATE_KEY": "", "PRIVATE_KEY_PATH": str(tmp_path / "app.der")})
    assert "not a text file" in refusal()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "65536", "PORT=65536"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL=loud"),
        ("APP_ID", "Iv1.abc", "APP_ID: must be the App's number"),
        ("GITHUB_API_URL", "http://ghe.example.com/api/v3", "https"),
        ("GITHUB_API_URL", "https://api.github.com?x=1", "must be a URL"),
        ("GITHUB_API_URL", "ghe.example.com", "must be a URL"),
        ("GITHUB_API_URL", "https://ghe.example.com:api", "must be a URL"),
        ("DATABASE_URL", "mysql://h/d", "sqlite:/// or postgresql://"),
        ("WEBHOOK_SECRET", " ", "WEBHOOK_SECRET: must not be blank"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str):
    set_all(monkeypatch, COMPLETE | {name: value})
    assert said in refusal()


@pytest.mark.parametrize("name", ["data", "what?", "100%20", "a#b", "for you", "Ä"])
def test_the_database_lies_in_the_data_directory_whatever_its_name(tmp_path: Path, name: str):
    settings = load_settings(data_dir=tmp_path / name)
    assert settings.database_file == tmp_path / name / "triage.db"
    assert make_url(settings.database_url).database == str(settings.database_file)


def test_every_problem_is_named_at_once(monkeypatch: pytest.MonkeyPatch):
    set_all(monkeypatch, {"PORT": "-1", "LOG_LEVEL": "loud"})
    assert len(refusal().splitlines()) == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:4000", "http://localhost:4000/", "http://[::1]:4000"])
def test_plain_http_to_the_api_is_for_loopback(monkeypatch: pytest.MonkeyPatch, url: str):
    monkeypatch.setenv("GITHUB_API_URL", url)
    assert load_settings().github_api_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://ghe.example.com/api/v3", "https://ghe.example.com"),
        ("https://api.example.com/api/v3", "https://api.example.com"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com"),
        ("http://127.0.0.1:4000", "http://127.0.0.1:4000"),
    ],
)
def test_the_web_address_follows_from_the_api_address(api: str, web: str):
    assert web_url_of(api) == web


def test_what_setup_wrote_is_used_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    write_credentials(tmp_path, Credentials(7, KEY, "written by setup", "https://github.com/apps/x"))
    written = load_settings().credentials
    assert written is not None
    assert (written.app_id, written.webhook_secret, written.html_url) == (
        7,
        "written by setup",
        "https://github.com/apps/x",
    )
    set_all(monkeypatch, COMPLETE)
    given = load_settings().credentials
    assert given is not None
    assert given.app_id == 12


def test_no_secret_shows_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch):
    set_all(monkeypatch, COMPLETE)
    settings = load_settings()
    shown = f"{settings!r} {settings} {settings.credentials!r}"
    assert "PRIVATE KEY-----" not in shown
    assert "a secret of some length" not in shown


def test_what_github_may_send_again_is_never_forgotten(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRIAGE_KEEP_DELIVERIES_DAYS", "3")
    with pytest.raises(SettingsError, match=r"TRIAGE_KEEP_DELIVERIES_DAYS=3: .*greater than or equal to 10"):
        load_settings()

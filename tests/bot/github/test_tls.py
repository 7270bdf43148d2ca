"""https: the certificate is checked, the machine's own authorities count, and a proxy is gone through."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.github import transport
from bot.github.client import Client
from bot.github.errors import Unavailable
from bot.github.quota import Quota
from tests.bot.github.scripted import Reply, ScriptedServer


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate for `localhost`, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return path


class SecureServer(ScriptedServer):
    def __init__(self, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        super().__init__()

    def wrap(self, connection: socket.socket) -> socket.socket:
        return self._context.wrap_socket(connection, server_side=True)


class Proxy:
    """Takes one CONNECT after the other and passes bytes along."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for one in [self._listener, *self._sockets]:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            head = client.recv(65536).decode()
            self.heads.append(head)
            host, _, port = head.split()[1].partition(":")
            upstream = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._sockets += [client, upstream]
            for source, target in ((client, upstream), (upstream, client)):
                thread = threading.Thread(target=self._pass, args=(source, target), daemon=True)
                self._threads.append(thread)
                thread.start()

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.fixture
def secure(certificate: Path) -> Iterator[SecureServer]:
    server = SecureServer(certificate)
    server.on("GET /app", Reply({"slug": "triage-bot"}))
    transport.trust.cache_clear()
    yield server
    transport.close_idle()
    transport.trust.cache_clear()
    server.stop()


def slug(host: str, port: int) -> object:
    return Client(None, Quota(), api_url=f"https://{host}:{port}", timeout=2).call("GET", "/app").data["slug"]


def test_an_authority_that_the_machine_trusts_is_trusted(
    secure: SecureServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert [slug("localhost", secure.port) for _ in range(3)] == ["triage-bot"] * 3
    assert secure.connections == 1


def test_an_unknown_authority_is_not(secure: SecureServer):
    with pytest.raises(Unavailable, match="certificate verify failed"):
        slug("localhost", secure.port)
    assert secure.asked == []


def test_a_certificate_for_another_name_is_refused(
    secure: SecureServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(Unavailable, match="certificate verify failed"):
        slug("127.0.0.1", secure.port)


@pytest.mark.parametrize(
    ("user", "credentials"), [("me:pa%40ss@", b"me:pa@ss"), ("me@", b"me:"), ("", None)], ids=["both", "name", "none"]
)
def test_the_proxy_of_the_environment_is_gone_through(
    secure: SecureServer, certificate: Path, monkeypatch: pytest.MonkeyPatch, user: str, credentials: bytes | None
):
    proxy = Proxy()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("https_proxy", f"http://{user}127.0.0.1:{proxy.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert slug("localhost", secure.port) == "triage-bot"
    transport.close_idle()
    proxy.stop()
    (head,) = proxy.heads
    assert head.startswith(f"CONNECT localhost:{secure.port} ")
    expected = credentials and f"Proxy-Authorization: Basic {base64.b64encode(credentials).decode()}\r\n"
    assert expected in head if expected else "Proxy-Authorization" not in head


def test_a_host_that_needs_no_proxy_gets_none(secure: SecureServer, certificate: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "localhost")
    assert slug("localhost", secure.port) == "triage-bot"


def test_a_proxy_that_refuses_is_unavailable(secure: SecureServer, certificate: Path, monkeypatch: pytest.MonkeyPatch):
    refusing = ScriptedServer()
    monkeypatch.setenv("https_proxy", f"http://me:hidden@127.0.0.1:{refusing.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(Unavailable, match="Tunnel connection failed: 404") as caught:
        slug("localhost", secure.port)
    refusing.stop()
    assert "hidden" not in str(caught.value)

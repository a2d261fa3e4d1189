"""A real S3 server for tests, over HTTP and over TLS."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent.config import Config
from agent.lifecycle.blobs import ObjectStore, open_store
from tests.houses import free_port


@dataclass(frozen=True, slots=True)
class S3:
    """Where buckets are made, and how to get in: `options` over HTTP, `secure` over TLS."""

    filer: str
    options: dict[str, str]
    secure: dict[str, str]

    def make(self, folder: Path) -> str:
        """An empty bucket of a test's own; its name."""
        urlopen(Request(f"{self.filer}/buckets/{name_of(folder)}/", method="POST"), timeout=10).close()
        return name_of(folder)

    def bucket(self, folder: Path, **changes: str) -> ObjectStore:
        """That bucket, as the server opens it by its settings."""
        options = json.dumps(self.options | changes)
        return open_store(Config(home=folder, archive_url=f"s3://{name_of(folder)}", archive_options=options))


def name_of(folder: Path) -> str:
    """A bucket of each test's own."""
    return f"rolls-{sha256(str(folder).encode()).hexdigest()[:12]}"


@contextmanager
def s3_server(folder: Path) -> Iterator[S3]:
    """Started once, ended with all that it started."""
    rights = {"name": "chancery", "credentials": [{"accessKey": "key", "secretKey": "secret"}]}
    identities = {"identities": [rights | {"actions": ["Admin", "Read", "Write", "List"]}]}
    (folder / "s3.json").write_text(json.dumps(identities))
    certificate, key = _certified(folder)
    filer, door, secure = free_port(), free_port(), free_port()
    ports = {"master.port": free_port(), "volume.port": free_port(), "filer.port": filer, "s3.port": door}
    ports |= {f"{name}.grpc": free_port() for name in ports}
    ports["s3.port.https"] = secure
    command = [
        *(str(Path(sys.executable).with_name("weed")), "server", "-s3", f"-dir={folder}", "-ip=127.0.0.1"),
        *(f"-{name}={port}" for name, port in ports.items()),
        *(f"-s3.config={folder / 's3.json'}", f"-s3.cert.file={certificate}", f"-s3.key.file={key}"),
        *("-master.volumeSizeLimitMB=64", "-master.telemetry=false"),
    ]
    with (folder / "weed.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{door}"
        make_bucket(f"http://127.0.0.1:{filer}/buckets/first/", url, server)
        rights = {"access_key_id": "key", "secret_access_key": "secret", "region": "us-east-1"}
        yield S3(
            f"http://127.0.0.1:{filer}",
            {"endpoint": url, "allow_http": "true"} | rights,
            {"endpoint": f"https://localhost:{secure}", "ca_file": str(certificate)} | rights,
        )
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(20)


def _certified(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that certifies itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(hours=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "s3.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "s3.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return folder / "s3.pem", folder / "s3.key"


def make_bucket(folder: str, door: str, server: "subprocess.Popen[bytes]") -> None:
    """As soon as the server's parts have found each other."""
    for _ in range(600):
        assert server.poll() is None, "the S3 server ended"
        with suppress(OSError):
            with suppress(HTTPError):
                urlopen(Request(folder, method="POST"), timeout=2).close()  # 409 when it is there
            with suppress(HTTPError):
                urlopen(door, timeout=2).close()  # refuses who brings no key: so it is there
            return
        time.sleep(0.1)
    raise AssertionError("the S3 server did not become ready")

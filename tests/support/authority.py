"""A private CA, as an operator has one for a private network."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

CERTIFIED_NAMES = "DNS:agent.example,IP:127.0.0.1"


@dataclass(frozen=True)
class Authority:
    """A private CA, and a server certificate for agent.example and 127.0.0.1 signed by it."""

    bundle: Path
    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make_authority(folder: Path) -> Authority:
    made = Authority(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    request = ["openssl", "req", "-x509", *key, "-days", "2"]
    subprocess.run(
        [*request, "-subj", "/CN=Test CA", "-keyout", folder / "ca.key", "-out", made.bundle],
        check=True,
        capture_output=True,
    )
    issued_by: list[str | Path] = ["-CA", made.bundle, "-CAkey", folder / "ca.key"]
    names = ["-subj", "/CN=agent.example", "-addext", f"subjectAltName={CERTIFIED_NAMES}"]
    leaf = ["-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run(
        [*request, *issued_by, *names, *leaf, "-keyout", made.key, "-out", made.certificate],
        check=True,
        capture_output=True,
    )
    return made

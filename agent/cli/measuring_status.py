"""What a status list of a million places costs: `chancery bench --status-lists`, in this process, no database."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from agent import discovery
from protocols.ports import PluginTools, StatusList

PLACES, FLIPS, SET = 1_000_000, 1_000, 20_000
_URI = "https://issuer.example/t/a/status-lists/1"
_READS = 20_000


@dataclass(frozen=True, slots=True)
class StatusListCost:
    """Of one mechanism: CPU milliseconds to write a thousand places and sign the list anew, CPU microseconds to read a
    place of a list that is cached, and the size of the token in bytes."""

    mechanism: str
    republish_ms: float
    read_us: float
    token_bytes: int


def measure_status_lists() -> list[StatusListCost]:
    """Every mechanism of ours that publishes lists, at one bit a place; two places in a hundred say something."""
    installed = discovery.installed()["status_mechanisms"]
    known = {name: point.load() for name, point in installed.items() if discovery.ours(point)}
    return [_cost(name, kind) for name, kind in known.items() if hasattr(kind, "prepare")]


def lines(found: list[StatusListCost]) -> str:
    """The figures for people."""
    return "\n".join(
        f"{one.mechanism:22} {FLIPS} of {PLACES} places written and republished in {one.republish_ms:6.1f} ms CPU,"
        f" a place read in {one.read_us:.2f} us CPU, {one.token_bytes} bytes"
        for one in found
    )


def _cost(name: str, kind: Any) -> StatusListCost:
    mechanism = kind(PluginTools({}, None, None))  # type: ignore[arg-type]  # mechanisms neither fetch nor fork
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC).replace(microsecond=0)
    packed = bytearray(PLACES // 8)
    for index in _indexes(SET):
        mechanism.write(packed, 1, index, 1)
    chosen = _indexes(FLIPS)
    started = time.process_time()
    for index in chosen:
        mechanism.write(packed, 1, index, 1)
    status = StatusList(_URI, 1, bytes(packed), now, now + timedelta(days=1), 300)
    prepared = mechanism.prepare(status, "ES256", (), "did:example:issuer#key")
    r, s = decode_dss_signature(key.sign(prepared.payload, ec.ECDSA(hashes.SHA256())))
    token = mechanism.seal(prepared, r.to_bytes(32) + s.to_bytes(32))
    republished = time.process_time() - started
    content = mechanism.open(token, _URI, now).content
    asked = _indexes(_READS)
    started = time.process_time()
    for index in asked:
        mechanism.read(content, index)
    read = (time.process_time() - started) / _READS
    return StatusListCost(name, round(republished * 1e3, 1), round(read * 1e6, 2), len(token))


def _indexes(count: int) -> list[int]:
    """So many places, anywhere."""
    octets = os.urandom(4 * count)
    return [int.from_bytes(octets[4 * n : 4 * n + 4], "big") % PLACES for n in range(count)]

"""What a token can do, found out by doing it: its list of mechanisms names neither curves nor bugs."""

from collections.abc import Mapping
from typing import Any

import pkcs11
from pkcs11 import Mechanism

from plugins.key_stores.pkcs11.kinds import CANDIDATES, Kind
from plugins.key_stores.pkcs11.objects import derive, gcm, generate_kek, generate_pair, point_of, public_jwk, sign
from protocols.jose.jwk import verify_signature


def capabilities(session: Any, mechanisms: frozenset[Mechanism]) -> tuple[Mapping[str, Kind], bool]:
    """(what works by algorithm, whether keys can be wrapped), tried with keys of the session that are not kept."""
    kinds: dict[str, Kind] = {}
    for kind in CANDIDATES:
        if kind.algorithm not in kinds and {kind.generate, kind.use} <= mechanisms and _works(session, kind):
            kinds[kind.algorithm] = kind
    return kinds, Mechanism.AES_GCM in mechanisms and _wraps(session)


def _works(session: Any, kind: Kind) -> bool:
    try:
        keys, private = generate_pair(session, kind, b"\0", store=False)
        try:
            return _signs(kind, keys, private) if kind.signs else _agrees(session, kind, keys, private)
        finally:
            keys.destroy()
            private.destroy()
    except (pkcs11.PKCS11Error, ValueError):
        return False


def _signs(kind: Kind, key: Any, private: Any) -> bool:
    return verify_signature(public_jwk(kind, key), kind.algorithm, b"probe", sign(private, kind, b"probe"))


def _agrees(session: Any, kind: Kind, key: Any, private: Any) -> bool:
    theirs, other = generate_pair(session, kind, b"\1", store=False)
    try:
        one = derive(private, kind, point_of(public_jwk(kind, theirs)))
        return one == derive(other, kind, point_of(public_jwk(kind, key))) and len(one) == kind.octets
    finally:
        theirs.destroy()
        other.destroy()


def _wraps(session: Any) -> bool:
    try:
        key = generate_kek(session, b"\0", store=False)
        try:
            sealed = key.encrypt(b"probe", **gcm(bytes(12), b"data"))
            return bool(key.decrypt(sealed, **gcm(bytes(12), b"data")) == b"probe")
        finally:
            key.destroy()
    except pkcs11.PKCS11Error:
        return False

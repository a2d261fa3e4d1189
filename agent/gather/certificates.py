"""Whether a certificate was revoked by who certified it (RFC 5280, 6.3): lists fetched, believed, kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise

import cbor2

from agent.gather.keys import issuer_key
from agent.gather.newest import require_newest
from agent.scope import Scope, Shape
from protocols import x509
from protocols.errors import ProtocolError
from protocols.ports import KeyReference, Purpose, TrustedKey
from protocols.ports.tools import FetchFailed, FetchRefused
from protocols.x509 import RevocationList

_SECONDS = 3600.0
_PARSING = 2.0


class CertificateStatusUnavailable(ProtocolError):
    """It cannot be found out whether a certificate was revoked."""

    code = "certificate_status_unavailable"


class CertificateRevoked(ProtocolError):
    """A certificate was revoked by its authority."""

    code = "certificate_revoked"


@dataclass(frozen=True, slots=True)
class CrlSeen:
    """A list that was asked: its address, when it was issued and until when it holds; no times for one of our own."""

    address: str
    this_update: datetime | None = None
    next_update: datetime | None = None


def _dump(one: RevocationList) -> bytes:
    return cbor2.dumps([one.this_update, one.next_update, sorted(one.serials), one.leaves, one.authorities])


def _load(data: bytes) -> RevocationList:
    begins, ends, serials, leaves, authorities = cbor2.loads(data)
    return RevocationList(begins, ends, frozenset(serials), leaves, authorities)


_SHAPE = Shape(_dump, _load)


async def require_unrevoked(scope: Scope, chain: Sequence[bytes], demanded: bool = False) -> Sequence[CrlSeen]:
    """Every certificate below the anchor, which is last and vouches for itself.

    One that names no list passes unless that is `demanded`. Raises CertificateRevoked, CertificateStatusUnavailable.
    """
    seen = []
    for certificate, authority in pairwise(chain):
        addresses = x509.crl_addresses(certificate)
        if addresses:
            seen.append(await _ask(scope, addresses, certificate, authority))
        elif demanded:
            raise CertificateStatusUnavailable("no list is named")
    return seen


async def unrevoked_key(scope: Scope, reference: KeyReference, purpose: Purpose) -> TrustedKey:
    """The believed key behind a reference, none of whose certificates a list that it names calls revoked.

    Raises UnknownIssuer, CertificateRevoked, CertificateStatusUnavailable.
    """
    trusted = await issuer_key(scope, reference, purpose)
    await require_unrevoked(scope, trusted.chain)
    return trusted


async def _ask(scope: Scope, addresses: Sequence[str], certificate: bytes, authority: bytes) -> CrlSeen:
    """The first of its lists that can be had."""
    last = ""
    for address in addresses:
        if address.startswith((f"{scope.tenant.base_url}/ca/", f"{scope.tenant.base_url}/iaca/")):
            # What our own authorities revoked is known before it is published.
            _require(certificate not in scope.catalogue.revoked)
            return CrlSeen(address)
        try:
            found = await _list(scope, address, authority)
        except (FetchFailed, FetchRefused, ProtocolError, TimeoutError, EOFError, OSError) as error:
            last = f"{type(error).__name__} {getattr(error, 'detail', '')}".strip()
            continue
        if not found.covers(certificate):
            last = "a list of other certificates"
            continue
        _require(x509.serial_of(certificate) not in found.serials)
        return CrlSeen(address, found.this_update, found.next_update)
    raise CertificateStatusUnavailable(last)


def _require(good: bool) -> None:
    if not good:
        raise CertificateRevoked()


async def _list(scope: Scope, address: str, authority: bytes) -> RevocationList:
    """Fetched once however many wait, believed, and forgotten when it ends."""

    async def fetch() -> RevocationList:
        answer = await scope.fetch.get(address, x509.CRL_MEDIA_TYPE, max_bytes=x509.MAX_CRL, signed=True)
        if answer.status != 200:
            raise FetchFailed("status of the answer")
        arguments = (answer.body, authority, scope.now())
        found: RevocationList = await scope.sandbox.run(x509.read_crl, *arguments, seconds=_PARSING)
        await require_newest(scope, address, found.this_update, x509.InvalidCrl)
        return found

    key = f"{sha256(authority).hexdigest()} {address}"
    known: RevocationList = await scope.cache.get("foreign_crl", key, fetch, _SECONDS, _SHAPE)
    if known.next_update <= scope.now():
        await scope.cache.forget("foreign_crl", key)
        known = await scope.cache.get("foreign_crl", key, fetch, _SECONDS, _SHAPE)
    return known

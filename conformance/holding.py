"""What the wallet holds when it presents: a credential of the target's issuer, or one that the suite signs itself."""

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from conformance import forging, sd_jwt
from conformance.jose import Key, Unreadable
from conformance.minting import Held, draft
from conformance.session import Session
from conformance.target import SelfIssued
from conformance.verdict import Blocked, skip
from conformance.wallet import Issuance
from conformance.x509 import anchors_of

__all__ = ["Held", "another", "fresh", "held", "issued", "issued_by"]


async def held(session: Session) -> Held:
    """One credential per run: presenting it many times is what a wallet does."""
    return await session.once("held", lambda: _obtain(session))


async def fresh(session: Session) -> Held:
    """A credential beside the one that the run has."""
    return await _obtain(session)


async def another(session: Session) -> Held:
    """A second credential of the target's own issuer, for checks that compare two."""
    if not session.target.issuer:
        skip("the target file has no [issuer]")
    return await session.once("another", lambda: _receive(session))


async def issued(session: Session) -> Held:
    """A credential of the target's own issuer, for checks of what it issues."""
    if not session.target.issuer:
        skip("the target file has no [issuer]")
    return await session.once("issued", lambda: _receive(session))


async def issued_by(session: Session, configuration: str, offer: str) -> Held:
    """A credential of another configuration, by an offer of its own where the grant takes one."""
    kind = "offer" if session.target.issuing.grant == "authorization_code" else offer
    return await session.once(f"issued by {configuration}", lambda: _receive(session.aiming(configuration), kind))


async def _obtain(session: Session) -> Held:
    source = session.target.self_issued
    if source and source.authority:
        return (await draft(session)).held()
    if source and source.key and source.chain:
        return _sign(source, source.key, source.chain, session.now())
    if not session.target.issuer:
        skip("nothing to present: the target file has neither [issuer] nor [credential]")
    return await _receive(session)


async def _receive(session: Session, offer: str = "offer") -> Held:
    issuance = await Issuance.authorized(session, offer)
    try:
        return Held(sd_jwt.parse(await issuance.issued()), issuance.key)
    except Unreadable as error:
        raise Blocked(f"the issued credential: {error}") from error


def _sign(source: SelfIssued, key: str, certificates: str, now: int) -> Held:
    private = load_pem_private_key(Path(key).read_bytes(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise Blocked("[credential] key is not an EC key")
    chain = anchors_of(Path(certificates).read_bytes())
    holder = Key()
    header = {"typ": "dc+sd-jwt", "x5c": [forging.b64(c.public_bytes(Encoding.DER)) for c in chain]}
    payload: dict[str, Any] = {"vct": source.vct, "iat": now - 60, "exp": now + 86400, "cnf": {"jwk": holder.jwk}}
    return Held(sd_jwt.parse(sd_jwt.issue(payload, source.claims, Key(private), header)), holder)

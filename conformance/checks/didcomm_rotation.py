"""DID rotation by from_prior, and the end of a relationship (DIDComm Messaging 2.1, DID Rotation)."""

import time
from collections.abc import Callable
from typing import Any

from conformance.didcomm.contact import Contact, acquainted, meet
from conformance.didcomm.dids import Document, short
from conformance.didcomm.keys import SigningKey
from conformance.didcomm.talking import Heard, require_honest, require_taken
from conformance.jose import seal
from conformance.registry import check, check_each
from conformance.session import Session
from conformance.verdict import expect, skip


def word(old: Contact, new: str, key: SigningKey | None = None, kid: str = "", **claims: Any) -> str:
    """The JWT by which a key of the old DID says which one follows."""
    said = {"iss": old.did, "sub": new, "iat": int(time.time()), **claims}
    header = {"typ": "JWT", "alg": "EdDSA", "kid": kid or old.signer[0]}
    told = {name: value for name, value in said.items() if value is not None}
    return seal(header, told, (key or old.signing).sign)


def _next(old: Contact) -> Contact:
    return Contact(old.http, old.theirs, old.inbox)


async def _rotated(session: Session) -> tuple[Contact, Contact, dict[str, Any], Heard]:
    old = await meet(session)
    new = _next(old)
    ping = new.ping(from_prior=word(old, new.did))
    return old, new, ping, await new.send(new.authcrypt(ping))


@check("rotation-followed")
async def followed(session: Session) -> None:
    """A ping from the new DID with from_prior is answered, at the new DID."""
    _, new, ping, heard = await _rotated(session)
    expect(heard.answers(ping), "a ping-response", heard)
    expect(new.did in (heard.message or {}).get("to", []), "an answer to the new DID", heard)


@check("rotation-again")
async def again(session: Session) -> None:
    """The new DID without from_prior, once the agent has answered to it."""
    _, new, ping, heard = await _rotated(session)
    expect(heard.answers(ping), "a ping-response", heard)
    later = new.ping()
    await require_taken(new, new.authcrypt(later), later)


@check("rotation-old-did")
async def old_did(session: Session) -> None:
    """The DID that was left is heard no more."""
    old, _, ping, heard = await _rotated(session)
    expect(heard.answers(ping), "a ping-response to the new DID", heard)
    late = old.ping()
    expect(not (await old.send(old.authcrypt(late))).answers(late), "no ping-response to the old DID", "one")


@check_each(
    "rotation-forged",
    {
        "sub": ("from_prior speaks of another DID than the one that sends.", lambda o, n: word(o, "did:example:x")),
        "key": ("from_prior is signed by a key of the new DID.", lambda o, n: word(o, n.did, n.signing)),
        "kid": ("from_prior names and is signed by a key of the new DID.", lambda o, n: word(o, n.did, n.signing, n.signer[0])),
        "spelling": ("The last character of from_prior is another, which lenient decoders read as the same.", lambda o, n: respelled(word(o, n.did))),
        "iss": ("from_prior is of a DID that never was a contact.", lambda o, n: word(_next(o), n.did)),
    },
)  # fmt: skip
async def forged(session: Session, make: Callable[[Contact, Contact], str]) -> None:
    old = await meet(session)
    new = _next(old)
    ping = new.ping(from_prior=make(old, new))
    heard = await new.send(new.authcrypt(ping))
    expect(not heard.answers(ping), "no ping-response", heard)
    await require_honest(old)


def respelled(token: str) -> str:
    """64 octets end in a character of which four bits count for nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


@check("relationship-ended")
async def ended(session: Session) -> None:
    """The end of a relationship (from_prior without sub, from nobody): the old DID is heard no more."""
    contact = await meet(session)
    left = contact.message(
        "https://didcomm.org/empty/1.0/empty", **{"from": None}, from_prior=word(contact, "", sub=None)
    )
    heard = await contact.send(contact.anoncrypt(left))
    expect(heard.answer.status < 500, "no failure", heard)
    late = contact.ping()
    expect(not (await contact.send(contact.authcrypt(late))).answers(late), "no ping-response", "one")


@check("peer-short-form")
async def short_form(session: Session) -> None:
    """The agent's did:peer:4 by its short form, after its long form was used."""
    known = await acquainted(session)
    theirs = known.theirs
    if short(theirs.did) == theirs.did:
        skip("the agent's DID has no short form")
    contact = await meet(session)
    theirs = contact.theirs
    keys = {f"{short(theirs.did)}#{kid.partition('#')[2]}": jwk for kid, jwk in theirs.agreement.items()}
    contact.theirs = Document(short(theirs.did), keys, theirs.authentication, theirs.services)
    ping = contact.ping()
    heard = await contact.send(contact.authcrypt(ping))
    expect(heard.answers(ping), "a ping-response", heard)

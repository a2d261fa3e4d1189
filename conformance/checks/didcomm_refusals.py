"""What no agent may believe: envelopes, signatures and messages with one thing wrong, and well made in all others."""

import json
import time
from collections.abc import Callable
from typing import Any

from conformance.didcomm import envelope
from conformance.didcomm.contact import Contact, acquainted, meet
from conformance.didcomm.envelope import Envelope, damaged, digest_of
from conformance.didcomm.keys import AgreementKey, SigningKey
from conformance.didcomm.talking import require_honest, require_refused
from conformance.jose import b64u, compact_json
from conformance.registry import check, check_each
from conformance.session import Session
from conformance.verdict import expect

ZERO = b64u(bytes(32))
"""A point of X25519 that makes every agreement the same."""
NIST = b64u(b"\1" * 32)


@check_each(
    "refuse-damaged",
    {
        "ciphertext": ("A bit of the ciphertext is another.", "ciphertext"),
        "tag": ("A bit of the tag is another.", "tag"),
        "iv": ("A bit of the initialization vector is another.", "iv"),
        "key": ("A bit of the encrypted key is another.", "encrypted_key"),
    },
)
async def damage(session: Session, part: str) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    await require_refused(contact, damaged(contact.authcrypt(ping), part), ping)


@check("refuse-status")
async def status(session: Session) -> None:
    """A bit of the ciphertext is another: the status says whose fault that is."""
    contact = await acquainted(session)
    heard = await contact.send(damaged(contact.authcrypt(contact.ping()), "ciphertext"))
    expect(heard.answer.status < 500, "no failure of the agent's", heard)


@check("refuse-damaged-header")
async def damaged_header(session: Session) -> None:
    """The protected header says the same with a further member, and was not authenticated so."""
    contact = await acquainted(session)
    ping = contact.ping()
    sealed = contact.authcrypt(ping)
    other = b64u(compact_json({**envelope.header_of(sealed), "x": 1}))
    await require_refused(contact, {**sealed, "protected": other}, ping)


def _apv_of_another(contact: Contact) -> dict[str, Any]:
    return {"apv": digest_of([*contact.to, "did:example:another#1"])}


def _apu_of_another(contact: Contact) -> dict[str, Any]:
    return {"apu": b64u(b"did:example:another#1")}


def _header(**members: Any) -> Callable[[Contact], dict[str, Any]]:
    return lambda _: members


@check_each(
    "refuse-header",
    {
        "apv-of-others": ("apv is of other recipients.", _apv_of_another),
        "apv-missing": ("There is no apv.", _header(apv=None)),
        "apu-of-another": ("apu is of another key than skid.", _apu_of_another),
        "sender-missing": ("Authcrypt without skid and apu.", _header(skid=None, apu=None)),
        "epk-missing": ("There is no epk.", _header(epk=None)),
        "alg-unknown": ("alg is ECDH-ES for a message that ECDH-1PU made.", _header(alg="ECDH-ES+A256KW")),
        "alg-direct": ("alg is ECDH-1PU, of a specification that DIDComm does not take up.", _header(alg="ECDH-1PU")),
        "enc-unknown": ("enc is A128CBC-HS256.", _header(enc="A128CBC-HS256")),
        "critical": ("crit names an extension that nobody knows.", _header(crit=["x-unknown"], **{"x-unknown": 1})),
        "compressed": ("zip says that the plaintext is compressed, which it is not.", _header(zip="DEF")),
        "epk-zero": ("epk is the point of X25519 with which every agreement is the same.", _header(epk={"kty": "OKP", "crv": "X25519", "x": ZERO})),
        "epk-off-curve": ("epk is of P-256, and not on the curve.", _header(epk={"kty": "EC", "crv": "P-256", "x": NIST, "y": NIST})),
        "skid-of-nobody": ("skid and apu are a DID URL that leads nowhere.", _header(skid="did:example:nobody#1", apu=b64u(b"did:example:nobody#1"))),
    },
)  # fmt: skip
async def header(session: Session, wish: Callable[[Contact], dict[str, Any]]) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    await require_refused(contact, contact.authcrypt(ping, header=wish(contact)), ping)


@check_each(
    "refuse-enc",
    {
        "gcm": ("Authcrypt with A256GCM, which does not commit to its key.", "A256GCM"),
        "xc20p": ("Authcrypt with XC20P, which does not commit to its key.", "XC20P"),
    },
)
async def enc(session: Session, name: str) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    await require_refused(contact, contact.authcrypt(ping, enc=name), ping)


@check_each(
    "refuse-kdf",
    {
        "no-tag": ("A key that was derived without the tag (draft 3 of ECDH-1PU).", lambda _: b""),
        "bare-tag": ("A key that was derived from the tag without its length.", lambda tag: tag),
    },
)
async def derivation(session: Session, tag_octets: Callable[[bytes], bytes]) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    await require_refused(contact, contact.authcrypt(ping, tag_octets=tag_octets), ping)


@check("refuse-recipient-other")
async def other_recipient(session: Session) -> None:
    """Encrypted to a key that is not the agent's, under the name of the one that is."""
    contact = await acquainted(session)
    ping, kid = contact.ping(), next(iter(contact.to))
    sealed = envelope.lock(compact_json(ping), {kid: AgreementKey(contact.agreement.crv).jwk}, contact.sender)
    await require_refused(contact, sealed, ping)


@check("refuse-recipient-unnamed")
async def unnamed_recipient(session: Session) -> None:
    """Encrypted to the agent's key, under the name of a key of nobody's."""
    contact = await acquainted(session)
    ping, jwk = contact.ping(), next(iter(contact.to.values()))
    await require_refused(contact, envelope.lock(compact_json(ping), {"did:example:x#1": jwk}, contact.sender), ping)


@check("refuse-sender-key")
async def sender_key(session: Session) -> None:
    """Authcrypt from a new key under the name of the key that the agent knows."""
    contact = await acquainted(session)
    ping = contact.ping()
    forged = (contact.sender[0], AgreementKey(contact.agreement.crv))
    await require_refused(contact, envelope.lock(compact_json(ping), contact.to, forged), ping)


def _signed(contact: Contact, ping: dict[str, Any], **how: Any) -> Envelope:
    return contact.anoncrypt(contact.signed(ping, **how))


def _broken(contact: Contact, ping: dict[str, Any]) -> Envelope:
    signed = contact.signed(ping, flat=True)
    return contact.anoncrypt(damaged(signed, "signature"))


def _changed(contact: Contact, ping: dict[str, Any]) -> Envelope:
    signed = contact.signed({**ping, "id": "another"}, flat=True)
    return contact.anoncrypt({**signed, "payload": b64u(compact_json(ping))})


def _unsecured(contact: Contact, ping: dict[str, Any]) -> Envelope:
    signed = contact.signed(ping, flat=True, alg="none")
    return contact.anoncrypt({**signed, "signature": ""})


@check_each(
    "refuse-signature",
    {
        "damaged": ("A bit of the signature is another.", _broken),
        "payload": ("The signature is of another message.", _changed),
        "none": ("alg is none, and there is no signature.", _unsecured),
        "other-key": ("Signed by a new key under the name of the known one.", lambda c, p: _signed(c, p, key=SigningKey())),
        "agreement-key": ("The signer is called by the name of a key that agrees.", lambda c, p: _signed(c, p, kid=c.sender[0])),
        "alg-of-another": ("alg is ES256, and the key is on Ed25519.", lambda c, p: _signed(c, p, alg="ES256")),
        "to-missing": ("A signed message that is encrypted and names no recipient.", lambda c, p: _signed(c, _without(p, "to"))),
        "to-another": ("A signed message for somebody else, passed on.", lambda c, p: _signed(c, {**p, "to": ["did:example:another"]})),
    },
)  # fmt: skip
async def signature(session: Session, make: Callable[[Contact, dict[str, Any]], Envelope]) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    await require_refused(contact, make(contact, ping), ping)


def _without(ping: dict[str, Any], name: str) -> dict[str, Any]:
    return {other: value for other, value in ping.items() if other != name}


@check("refuse-signer-other")
async def signer_other(session: Session) -> None:
    """Signed by another DID of the suite's than `from` says."""
    contact = await acquainted(session)
    another = Contact(contact.http, contact.theirs, contact.inbox)
    ping = contact.ping()
    await require_refused(contact, contact.anoncrypt(another.signed(ping)), ping)


@check("refuse-from-other")
async def from_other(session: Session) -> None:
    """Authcrypt with the keys of one DID of the suite's, and `from` another, which has a relationship."""
    contact = await acquainted(session)
    another = Contact(contact.http, contact.theirs, contact.inbox)
    ping = contact.ping()
    await require_refused(contact, another.authcrypt(ping), ping)


@check_each(
    "refuse-message",
    {
        "from-missing": ("An authcrypt message without from.", {"from": None}),
        "to-another": ("A message that is for somebody else.", {"to": ["did:example:another"]}),
        "to-text": ("to is a text and no list.", {"to": "did:example:another"}),
        "id-missing": ("A message without id.", {"id": None}),
        "id-number": ("An id that is a number.", {"id": 17}),
        "type-missing": ("A message without type.", {"type": None}),
        "type-bare": ("A type that is no Message Type URI.", {"type": "ping"}),
        "expired": ("A message that expired an hour ago.", {"expires_time": int(time.time()) - 3600}),
        "from-fragment": ("from has a fragment.", "#key-1"),
        "body-text": ("A body that is a text.", {"body": "response_requested"}),
    },
)
async def message(session: Session, change: dict[str, Any] | str) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    changed = {**ping, "from": ping["from"] + change} if isinstance(change, str) else {**ping, **change}
    made = {name: value for name, value in changed.items() if value is not None}
    await require_refused(contact, contact.authcrypt(made), ping)


@check_each(
    "refuse-plaintext",
    {
        "member-twice": ("A plaintext in which a member stands twice.", lambda ping: ping[:-1] + b',"from":"did:example:a"}'),
        "not-json": ("A plaintext that is no JSON.", lambda ping: ping[:-1]),
        "array": ("A plaintext that is a list.", lambda ping: b"[" + ping + b"]"),
        "not-utf-8": ("A plaintext with an octet that is no UTF-8.", lambda ping: ping[:-1] + b',"x":"\xff"}'),
        "deep": ("A plaintext of ten thousand lists in each other.", lambda ping: ping[:-1] + b',"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}"),
    },
)  # fmt: skip
async def plaintext(session: Session, change: Callable[[bytes], bytes]) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    await require_refused(contact, contact.authcrypt(change(compact_json(ping))), ping)


@check_each(
    "refuse-layers",
    {
        "none": ("A plaintext message, by nobody and for everybody to read.", lambda c, p: p),
        "anoncrypt": ("A message whose sender nothing shows.", lambda c, p: c.anoncrypt(p)),
        "authcrypt-twice": ("Authcrypt in authcrypt.", lambda c, p: c.authcrypt(compact_json(c.authcrypt(p)))),
        "anoncrypt-twice": ("Authcrypt in anoncrypt in anoncrypt.", lambda c, p: c.anoncrypt(c.anoncrypt(c.authcrypt(p)))),
        "signed-twice": ("A signed message in a signed message.", lambda c, p: c.anoncrypt(c.signed(c.signed(p)))),
    },
)  # fmt: skip
async def layers(session: Session, make: Callable[[Contact, dict[str, Any]], Envelope]) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    await require_refused(contact, make(contact, ping), ping)


@check("refuse-twice")
async def twice(session: Session) -> None:
    """The same envelope a second time: it is not answered again."""
    contact = await acquainted(session)
    ping = contact.ping()
    sealed = contact.authcrypt(ping)
    first = await contact.send(sealed)
    expect(first.answers(ping), "a ping-response to the first", first)
    await require_refused(contact, sealed, ping)


@check_each(
    "refuse-form",
    {
        "not-json": ("Octets that are no JSON.", b"\x00\x01\x02"),
        "empty": ("An empty body.", b""),
        "array": ("A list.", b"[]"),
        "object": ("An object that is no envelope.", b"{}"),
        "recipients-missing": ("An envelope without recipients.", b'{"protected":"e30","iv":"","ciphertext":"","tag":""}'),
        "deep": ("Lists in each other, a hundred thousand deep.", b"[" * 100_000),
    },
)  # fmt: skip
async def form(session: Session, octets: bytes) -> None:
    contact = await acquainted(session)
    await require_honest(contact)
    heard = await contact.send(octets)
    expect(400 <= heard.answer.status < 500, "HTTP 4xx", heard)
    await require_honest(contact)


@check("refuse-recipients-many")
async def many_recipients(session: Session) -> None:
    """An envelope for ten thousand keys of nobody's: refused, and the agent goes on."""
    contact = await acquainted(session)
    sealed = contact.authcrypt(contact.ping())
    listed = [{"header": {"kid": f"did:example:{n}#1"}, "encrypted_key": "AAAA"} for n in range(10_000)]
    started = time.monotonic()
    heard = await contact.send(compact_json({**sealed, "recipients": listed}))
    expect(not heard.message and heard.answer.status < 500, "a refusal", heard)
    expect(time.monotonic() - started < 5, "within five seconds", f"{time.monotonic() - started:.1f} s")
    await require_honest(contact)


@check("refuse-media-type")
async def media_type(session: Session) -> None:
    """The envelope as application/json."""
    contact = await acquainted(session)
    ping = contact.ping()
    await require_refused(contact, contact.authcrypt(ping), ping, "application/json")


@check("refuse-oracle")
async def oracle(session: Session) -> None:
    """Three envelopes that do not open, each for another reason: nothing tells them apart."""
    contact = await acquainted(session)
    sealed = contact.authcrypt(contact.ping())
    kid = next(iter(contact.to))
    other = envelope.lock(b"{}", {kid: AgreementKey(contact.agreement.crv).jwk}, contact.sender)
    refusals = [await contact.send(one) for one in (damaged(sealed, "ciphertext"), damaged(sealed, "tag"), other)]
    told = {(one.answer.status, one.answer.body) for one in refusals}
    expect(len(told) == 1, "one answer to all three", ", ".join(str(one.answer) for one in refusals))


@check("refuse-stranger")
async def a_stranger(session: Session) -> None:
    """Somebody who took no invitation writes to the DID of a relationship."""
    contact = await meet(session)
    another = Contact(contact.http, contact.theirs, contact.inbox)
    ping = another.ping()
    heard = await another.send(another.authcrypt(ping))
    expect(not heard.answers(ping), "no ping-response to a stranger", heard)
    await require_honest(contact)


@check("refuse-large")
async def large(session: Session) -> None:
    """A message larger than what discover-features tells in max_receive_bytes."""
    contact = await acquainted(session)
    query = {"queries": [{"feature-type": "constraint", "match": "max_receive_bytes"}]}
    heard = await contact.say("https://didcomm.org/discover-features/2.0/queries", query)
    told = [one for one in (heard.message or {}).get("body", {}).get("disclosures", []) if isinstance(one, dict)]
    limit = next((int(one["value"]) for one in told if str(one.get("value", "")).isdecimal()), 4_000_000)
    ping = contact.ping(**{"x-filler": "x" * limit})
    sealed = await contact.send(json.dumps(contact.authcrypt(ping)).encode())
    expect(not sealed.answers(ping) and sealed.answer.status < 500, "a refusal", sealed)
    await require_honest(contact)

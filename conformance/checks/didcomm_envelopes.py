"""Envelopes that every agent has to open (DIDComm Messaging 2.1, DIDComm Message Formats)."""

import json
from typing import Any

from conformance.didcomm.contact import Contact, acquainted, meet, stranger
from conformance.didcomm.envelope import MEDIA_TYPE, lock
from conformance.didcomm.keys import AgreementKey
from conformance.didcomm.talking import Message, require_taken
from conformance.jose import compact_json
from conformance.registry import check, check_each
from conformance.session import Session


async def _with(session: Session, curve: str) -> Contact:
    """The relationship where its DIDs are on the curve, or somebody new at the public DID."""
    known = await acquainted(session)
    crvs = {jwk.get("crv") for jwk in known.theirs.agreement.values()}
    return await meet(session, curve=curve) if curve in crvs else await stranger(session, curve=curve)


@check_each(
    "accept-authcrypt",
    {
        "x25519": ("Authcrypt between keys on X25519.", "X25519"),
        "p256": ("Authcrypt between keys on P-256.", "P-256"),
        "p384": ("Authcrypt between keys on P-384.", "P-384"),
    },
)
async def authcrypt(session: Session, curve: str) -> None:
    contact = await _with(session, curve)
    ping = contact.ping()
    await require_taken(contact, contact.authcrypt(ping), ping)


@check_each(
    "accept-anoncrypt",
    {
        "cbc": ("Anoncrypt with A256CBC-HS512 around authcrypt.", "A256CBC-HS512"),
        "gcm": ("Anoncrypt with A256GCM around authcrypt.", "A256GCM"),
        "xc20p": ("Anoncrypt with XC20P around authcrypt.", "XC20P"),
    },
)
async def anoncrypt(session: Session, enc: str) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    await require_taken(contact, contact.anoncrypt(contact.authcrypt(ping), enc=enc), ping)


@check_each(
    "accept-signed",
    {
        "eddsa": ("A message signed with EdDSA, encrypted by anoncrypt.", "EdDSA"),
        "es256": ("A message signed with ES256, encrypted by anoncrypt.", "ES256"),
        "es256k": ("A message signed with ES256K, encrypted by anoncrypt.", "ES256K"),
    },
)
async def signed(session: Session, alg: str) -> None:
    contact = await meet(session, alg=alg)
    ping = contact.ping()
    await require_taken(contact, contact.anoncrypt(contact.signed(ping)), ping)


@check_each(
    "accept-signature",
    {
        "flattened": ("The flattened JSON form.", {"flat": True}),
        "kid-protected": ("kid in the protected header.", {"protect": True}),
        "flattened-kid-protected": ("Both.", {"flat": True, "protect": True}),
    },
)
async def signature_form(session: Session, how: dict[str, Any]) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    await require_taken(contact, contact.anoncrypt(contact.signed(ping, **how)), ping)


@check("accept-recipients")
async def recipients(session: Session) -> None:
    """Encrypted to the agent's key and to a further one of its DID that only the suite knows of."""
    contact = await acquainted(session)
    ping = contact.ping()
    to = {**contact.to, f"{contact.theirs.did}#another": AgreementKey(contact.agreement.crv).jwk}
    await require_taken(contact, lock(compact_json(ping), to, contact.sender), ping)


@check_each(
    "accept-header",
    {
        "no-skid": ("Authcrypt whose sender is in apu alone.", {"skid": None}),
        "no-typ": ("An encrypted message without typ.", {"typ": None}),
        "typ-short": ("typ without `application/`.", {"typ": "didcomm-encrypted+json"}),
        "unknown": ("A protected header with a member that nobody knows.", {"x-unknown": "1"}),
    },
)
async def header(session: Session, wish: dict[str, Any]) -> None:
    contact = await acquainted(session)
    ping = contact.ping()
    await require_taken(contact, contact.authcrypt(ping, header=wish), ping)


def _without(ping: Message, name: str) -> Message:
    return {other: value for other, value in ping.items() if other != name}


@check_each(
    "accept-message",
    {
        "typ": ("A plaintext with its typ.", {"typ": "application/didcomm-plain+json"}),
        "typ-short": ("A plaintext whose typ has no `application/`.", {"typ": "didcomm-plain+json"}),
        "no-created-time": ("A message that does not say when it was made.", {"created_time": None}),
        "no-to": ("A message that names no recipient.", {"to": None}),
        "to-several": ("A message that names a further recipient.", {"to": ["did:example:another"]}),
        "unknown-header": ("A header that nobody knows.", {"x-unknown": {"a": 1}}),
        "languages": ("The headers lang and accept-lang.", {"lang": "de-CH", "accept-lang": ["de-CH", "en"]}),
        "expires-later": ("A message that expires in ten years.", {"expires_time": 2_107_200_000}),
        "id-uuid": ("An id of 36 characters.", {"id": "5f0a1b9e-3c67-4a3e-9d86-62c0a3e8c111"}),
        "attachment": (
            "An attachment that a ping has no use for.",
            {"attachments": [{"id": "1", "data": {"json": {}}}]},
        ),
    },
)
async def message(session: Session, change: dict[str, Any]) -> None:
    contact = await meet(session) if "id" in change else await acquainted(session)
    ping = contact.ping()
    for name, value in change.items():
        ping = _without(ping, name) if value is None else {**ping, name: value}
    if "to" in ping and change.get("to"):
        ping["to"] = [contact.theirs.did, *change["to"]]
    await require_taken(contact, contact.authcrypt(ping), ping)


@check("accept-body-missing")
async def body_missing(session: Session) -> None:
    """A ping without a body: response_requested is true where it is not said."""
    contact = await acquainted(session)
    ping = _without(contact.ping(), "body")
    await require_taken(contact, contact.authcrypt(ping), ping)


@check("accept-media-type-parameter")
async def media_type(session: Session) -> None:
    """Content-Type with a parameter behind it."""
    contact = await acquainted(session)
    ping = contact.ping()
    await require_taken(contact, contact.authcrypt(ping), ping, f"{MEDIA_TYPE}; charset=utf-8")


@check("accept-spaces")
async def spaces(session: Session) -> None:
    """The same envelope with white space between its members."""
    contact = await acquainted(session)
    ping = contact.ping()
    await require_taken(contact, json.dumps(contact.authcrypt(ping), indent=2).encode(), ping)

"""Envelopes of DIDComm v1 (RFC 0019): those that every agent opens, those that none may, and what the agent sends."""

import json
import time
from collections.abc import Callable
from typing import Any

from conformance.didcomm import pack
from conformance.didcomm.contact_1 import PING, PONG, Contact1, acquainted_1, meet_1
from conformance.didcomm.keys import SigningKey
from conformance.didcomm.pack import MEDIA_TYPE, OLD_MEDIA_TYPE, flipped
from conformance.didcomm.talking import (
    Message,
    require_answer,
    require_honest,
    require_refused,
    require_taken,
    thread_of,
    type_of,
)
from conformance.jose import compact_json
from conformance.registry import check, check_each
from conformance.session import Session
from conformance.verdict import expect

OLD_PREFIX = "did:sov:BzCbsNYhMrjHiqZDTUASHg;spec/"


@check_each(
    "open",
    {
        "padded": ("Base64url with padding, as RFC 0019 has it.", {"padded": True}),
        "unpadded": ("Base64url without padding, as ACA-Py has it.", {"padded": False}),
        "enc-ietf": ("enc says chacha20poly1305_ietf, which it is.", {"header": {"enc": "chacha20poly1305_ietf"}}),
        "header-unknown": ("A protected header with a member that nobody knows.", {"header": {"x-unknown": "1"}}),
    },
)
async def opened(session: Session, wish: dict[str, Any]) -> None:
    contact = await acquainted_1(session)
    ping = contact.ping()
    await require_taken(contact, contact.authcrypt(ping, **wish), ping)


@check("open-recipients")
async def recipients(session: Session) -> None:
    """An envelope for the agent's key and for another one."""
    contact, other = await acquainted_1(session), SigningKey().verkey
    ping = contact.ping()
    await require_taken(contact, contact.authcrypt(ping, to={other: other, **contact.to}), ping)


@check("open-spaces")
async def spaces(session: Session) -> None:
    """The same envelope with white space between its members."""
    contact = await acquainted_1(session)
    ping = contact.ping()
    await require_taken(contact, json.dumps(contact.authcrypt(ping), indent=2).encode(), ping)


@check_each(
    "open-media-type",
    {
        "today": ("As application/didcomm-envelope-enc.", MEDIA_TYPE),
        "old": ("As application/ssi-agent-wire.", OLD_MEDIA_TYPE),
    },
)
async def media_type(session: Session, name: str) -> None:
    contact = await acquainted_1(session)
    ping = contact.ping()
    await require_taken(contact, contact.authcrypt(ping), ping, name)


@check_each(
    "open-message",
    {
        "old-prefix": ("A type with the prefix of before 2020.", {"@type": OLD_PREFIX + PING.removeprefix("https://didcomm.org/")}),
        "decorator-unknown": ("A decorator that nobody knows.", {"~unknown": {"a": 1}}),
        "timing": ("Times in the spelling of ISO 8601.", {"~timing": {"out_time": "2026-12-01T00:00:00Z", "expires_time": "2040-01-01T00:00:00Z"}}),
        "localized": ("A language, and a comment in it.", {"~l10n": {"locale": "de"}, "comment": "Grüezi"}),
        "thread": ("A thread that has a name of its own.", {"~thread": {"thid": "a-thread-of-the-suite"}}),
        "id-uuid": ("An id of 36 characters.", {"@id": "5f0a1b9e-3c67-4a3e-9d86-62c0a3e8c112"}),
    },
)  # fmt: skip
async def message(session: Session, change: dict[str, Any]) -> None:
    contact = await (meet_1 if {"@id", "~thread"} & change.keys() else acquainted_1)(session)
    ping = {**contact.ping(), **change}
    await require_taken(contact, contact.authcrypt(ping), ping)


@check_each(
    "closed-damaged",
    {
        "ciphertext": ("A bit of the ciphertext is another.", "ciphertext"),
        "tag": ("A bit of the tag is another.", "tag"),
        "iv": ("A bit of the nonce is another.", "iv"),
        "key": ("A bit of the encrypted key is another.", "encrypted_key"),
        "sender": ("A bit of the sealed name of the sender is another.", "sender"),
        "key-iv": ("A bit of the key's nonce is another.", "iv_of_key"),
    },
)
async def damaged(session: Session, part: str) -> None:
    contact = await acquainted_1(session)
    ping = contact.ping()
    await require_refused(contact, flipped(contact.authcrypt(ping), part), ping)


@check("closed-status")
async def status(session: Session) -> None:
    """A bit of the ciphertext is another: the status says whose fault that is."""
    contact = await acquainted_1(session)
    heard = await contact.send(flipped(contact.authcrypt(contact.ping()), "ciphertext"))
    expect(heard.answer.status < 500, "no failure of the agent's", heard)


def _of_nobody(contact: Contact1) -> dict[str, Any]:
    return {"to": {SigningKey().verkey: contact.theirs.keys[0]}}


def _of_another(contact: Contact1) -> dict[str, Any]:
    return {"to": {contact.theirs.keys[0]: SigningKey().verkey}}


def _forged(contact: Contact1) -> dict[str, Any]:
    return {"sender": SigningKey(), "claimed": contact.signing.verkey}


@check_each(
    "closed",
    {
        "alg-other": ("alg says Anoncrypt of what is Authcrypt.", lambda _: {"header": {"alg": "Anoncrypt"}}),
        "alg-unknown": ("alg is one that nobody knows.", lambda _: {"header": {"alg": "Plaincrypt"}}),
        "enc-unknown": ("enc is one that nobody knows.", lambda _: {"header": {"enc": "none"}}),
        "typ-other": ("typ is of another kind of envelope.", lambda _: {"header": {"typ": "JWM/9.9"}}),
        "recipients-missing": ("There are no recipients.", lambda _: {"header": {"recipients": None}}),
        "recipient-unnamed": ("For the agent's key, under the name of nobody's.", _of_nobody),
        "recipient-other": ("For nobody's key, under the name of the agent's.", _of_another),
        "sender-forged": ("From a new key, under the name of the one that the agent knows.", _forged),
        "sender-anonymous": ("Anoncrypt: nobody shows who it is from.", lambda _: {"sender": None}),
        "sender-stranger": ("From a new key under its own name.", lambda _: {"sender": SigningKey()}),
    },
)
async def closed(session: Session, wish: Callable[[Contact1], dict[str, Any]]) -> None:
    contact = await acquainted_1(session)
    ping = contact.ping()
    await require_refused(contact, contact.authcrypt(ping, **wish(contact)), ping)


@check_each(
    "closed-message",
    {
        "id-missing": ("A message without @id.", {"@id": None}),
        "id-number": ("An @id that is a number.", {"@id": 17}),
        "type-missing": ("A message without @type.", {"@type": None}),
        "type-bare": ("An @type that is no Message Type URI.", {"@type": "ping"}),
        "expired": ("A message that expired in 2020.", {"~timing": {"expires_time": "2020-01-01T00:00:00Z"}}),
        "thread-text": ("A thread decorator that is a text.", {"~thread": "thread"}),
    },
)
async def closed_message(session: Session, change: dict[str, Any]) -> None:
    contact = await acquainted_1(session)
    ping = contact.ping()
    made = {name: value for name, value in {**ping, **change}.items() if value is not None}
    await require_refused(contact, contact.authcrypt(made), ping)


@check_each(
    "closed-plaintext",
    {
        "not-json": ("A plaintext that is no JSON.", lambda ping: ping[:-1]),
        "array": ("A plaintext that is a list.", lambda ping: b"[" + ping + b"]"),
        "not-utf-8": ("A plaintext with an octet that is no UTF-8.", lambda ping: ping[:-1] + b',"x":"\xff"}'),
        "member-twice": ("A member that stands twice.", lambda ping: ping[:-1] + b',"@type":"https://didcomm.org/trust_ping/1.0/ping"}'),
    },
)  # fmt: skip
async def plaintext(session: Session, change: Callable[[bytes], bytes]) -> None:
    contact = await acquainted_1(session)
    ping = contact.ping()
    await require_refused(contact, contact.authcrypt(change(compact_json(ping))), ping)


@check("closed-unencrypted")
async def unencrypted(session: Session) -> None:
    """The plaintext, without an envelope."""
    contact = await acquainted_1(session)
    ping = contact.ping()
    await require_refused(contact, ping, ping)


@check("closed-twice")
async def twice(session: Session) -> None:
    """The same envelope a second time: it is not answered again."""
    contact = await acquainted_1(session)
    ping = contact.ping()
    sealed = contact.authcrypt(ping)
    await require_taken(contact, sealed, ping)
    await require_refused(contact, sealed, ping)


@check_each(
    "closed-form",
    {
        "not-json": ("Octets that are no JSON.", b"\x00\x01\x02"),
        "empty": ("An empty body.", b""),
        "array": ("A list.", b"[]"),
        "object": ("An object that is no envelope.", b"{}"),
        "header-garbage": ("A protected header that is no JSON.", b'{"protected":"AAAA","iv":"","ciphertext":"","tag":""}'),
    },
)  # fmt: skip
async def form(session: Session, octets: bytes) -> None:
    contact = await acquainted_1(session)
    await require_honest(contact)
    heard = await contact.send(octets)
    expect(400 <= heard.answer.status < 500, "HTTP 4xx", heard)
    await require_honest(contact)


@check("closed-recipients-many")
async def many(session: Session) -> None:
    """An envelope for ten thousand keys: refused within five seconds, and the agent goes on."""
    contact = await acquainted_1(session)
    named = [{"encrypted_key": "AAAA", "header": {"kid": f"{n:044}", "sender": "AAAA", "iv": "AAAA"}} for n in range(10_000)]  # fmt: skip
    sealed = contact.authcrypt(contact.ping(), header={"recipients": named})
    started = time.monotonic()
    heard = await contact.send(sealed)
    expect(not heard.message and heard.answer.status < 500, "a refusal", heard)
    expect(time.monotonic() - started < 5, "within five seconds", f"{time.monotonic() - started:.1f} s")
    await require_honest(contact)


async def _unpacked(session: Session) -> pack.Unpacked:
    contact = await acquainted_1(session)
    return await contact.unpacked(contact.authcrypt(contact.ping()))


async def _said(session: Session) -> Message:
    return (await require_answer(await acquainted_1(session))).message or {}


@check("said-alg")
async def said_alg(session: Session) -> None:
    """alg of the answer is Authcrypt."""
    found = (await _unpacked(session)).header.get("alg")
    expect(found == "Authcrypt", "Authcrypt", found)


@check("said-typ")
async def said_typ(session: Session) -> None:
    """typ of the answer's envelope."""
    found = (await _unpacked(session)).header.get("typ")
    expect(found == "JWM/1.0", "JWM/1.0", found)


@check("said-enc")
async def said_enc(session: Session) -> None:
    """enc of the answer's envelope."""
    found = (await _unpacked(session)).header.get("enc")
    expect(found in ("xchacha20poly1305_ietf", "chacha20poly1305_ietf"), "xchacha20poly1305_ietf", found)


@check("said-sender")
async def said_sender(session: Session) -> None:
    """The answer is from a key that the agent told in the handshake."""
    contact, found = await acquainted_1(session), (await _unpacked(session)).sender
    expect(found in contact.known, "a key of the agent's DID", found[:20] or "nobody's")


@check("said-fresh")
async def said_fresh(session: Session) -> None:
    """Three answers have three keys for their content, by what is sealed of them."""
    seen = {str((await _unpacked(session)).header["recipients"][0]["encrypted_key"]) for _ in range(3)}
    expect(len(seen) == 3, "three keys", len(seen))


@check("said-type")
async def said_type(session: Session) -> None:
    """The type of the answer, with the prefix of today."""
    found = type_of(await _said(session))
    expect(found == PONG, PONG, found)


@check("said-id")
async def said_id(session: Session) -> None:
    """Two answers have two ids."""
    first, second = [(await _said(session)).get("@id") for _ in range(2)]
    expect(isinstance(first, str) and first and first != second, "an @id of its own", first)


@check("said-thread")
async def said_thread(session: Session) -> None:
    """The answer is in the ping's thread."""
    contact = await acquainted_1(session)
    ping = contact.ping()
    heard = await contact.send(contact.authcrypt(ping))
    expect(thread_of(heard.message) == ping["@id"], "thid of the ping", (heard.message or {}).get("~thread"))


@check("said-media-type")
async def said_media_type(session: Session) -> None:
    """Content-Type of the answer on the same connection."""
    contact = await acquainted_1(session)
    found = (await require_answer(contact)).answer.media_type
    expect(found in (MEDIA_TYPE, OLD_MEDIA_TYPE), MEDIA_TYPE, found)

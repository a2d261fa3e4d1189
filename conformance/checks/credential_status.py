"""Status lists that the suite hosts for its own credentials (Token Status List, 6 to 8)."""

import zlib
from typing import Any

from conformance import forging
from conformance.authority import der
from conformance.hosting import Document
from conformance.jose import Key, b64u, seal
from conformance.minting import Draft, draft, issuing
from conformance.presenting import accepted, refused
from conformance.registry import check
from conformance.session import Session
from conformance.status_list import MEDIA_TYPE
from conformance.verdict import expect

INDEX = 5
PLACES = 1024


def packed(value: int, bits: int = 2, places: int = PLACES) -> bytes:
    """A list of zeros but for INDEX."""
    octets = bytearray(places * bits // 8)
    octets[INDEX * bits // 8] |= value << (INDEX * bits % 8)
    return bytes(octets)


async def _credential(session: Session, uri: str, index: int = INDEX) -> Draft:
    credential = await draft(session)
    credential.payload["status"] = {"status_list": {"idx": index, "uri": uri}}
    return credential


async def _token(session: Session, uri: str, value: int = 0, **changes: Any) -> str:
    """A Status List Token of the same authority, honest but for what `changes` say of claims and `header`."""
    key, now = Key(), session.now()
    certificate = (await issuing(session)).certify(key)
    header = {"typ": "statuslist+jwt", "x5c": [forging.b64(one) for one in der([certificate])]}
    content = {"bits": 2, "lst": b64u(zlib.compress(packed(value)))}
    claims = {"sub": uri, "iat": now - 60, "exp": now + 3600, "ttl": 3600, "status_list": content}
    header |= changes.pop("header", {})
    return key.jws(header, {**claims, **changes})


async def _served(session: Session, value: int = 0, **changes: Any) -> Draft:
    """A credential whose list is served with these changes."""
    host = await session.host()
    uri = host.address()
    token = await _token(session, uri, value, **changes)
    host.put(uri, Document(token.encode(), MEDIA_TYPE))
    return await _credential(session, uri)


@check("status-list-good")
async def valid_status_is_accepted(session: Session) -> None:
    """A credential whose place in the list says valid."""
    await accepted(session, await _served(session))


@check("status-list-revoked")
async def revoked_credential_is_refused(session: Session) -> None:
    """A credential whose place says 1, revoked."""
    await refused(session, await _served(session, 1))


@check("status-list-suspended")
async def suspended_credential_is_refused(session: Session) -> None:
    """A credential whose place says 2, suspended."""
    await refused(session, await _served(session, 2))


@check("status-list-unknown-value")
async def unknown_status_is_refused(session: Session) -> None:
    """A credential whose place says 3, which nobody defined."""
    await refused(session, await _served(session, 3))


@check("status-list-unreachable")
async def unreachable_list_is_refused(session: Session) -> None:
    """A credential whose list is not there (404): what cannot be found out is not accepted."""
    await refused(session, await _credential(session, (await session.host()).address()))


@check("status-list-unsigned")
async def unsigned_list_is_refused(session: Session) -> None:
    """A Status List Token with alg none."""
    host = await session.host()
    uri = host.address()
    content = {"bits": 2, "lst": b64u(zlib.compress(packed(0)))}
    claims = {"sub": uri, "iat": session.now(), "status_list": content}
    token = seal({"alg": "none", "typ": "statuslist+jwt"}, claims, lambda _: b"")
    host.put(uri, Document(token.encode(), MEDIA_TYPE))
    await refused(session, await _credential(session, uri))


@check("status-list-signature")
async def forged_list_is_refused(session: Session) -> None:
    """A Status List Token with one bit of its signature turned."""
    host = await session.host()
    uri = host.address()
    host.put(uri, Document(forging.turned_bit(await _token(session, uri)).encode(), MEDIA_TYPE))
    await refused(session, await _credential(session, uri))


@check("status-list-untrusted")
async def list_of_a_stranger_is_refused(session: Session) -> None:
    """A Status List Token under a root that nobody trusts."""
    host = await session.host()
    uri = host.address()
    key, chain = forging.untrusted_chain()
    content = {"bits": 2, "lst": b64u(zlib.compress(packed(0)))}
    claims = {"sub": uri, "iat": session.now(), "status_list": content}
    token = key.jws({"typ": "statuslist+jwt", "x5c": chain}, claims)
    host.put(uri, Document(token.encode(), MEDIA_TYPE))
    await refused(session, await _credential(session, uri))


@check("status-list-jwk-header")
async def key_in_the_list_is_not_believed(session: Session) -> None:
    """A Status List Token signed by a key that its header carries."""
    host = await session.host()
    uri, key = host.address(), Key()
    content = {"bits": 2, "lst": b64u(zlib.compress(packed(0)))}
    claims = {"sub": uri, "iat": session.now(), "status_list": content}
    host.put(uri, Document(key.jws({"typ": "statuslist+jwt", "jwk": key.jwk}, claims).encode(), MEDIA_TYPE))
    await refused(session, await _credential(session, uri))


@check("status-list-subject")
async def list_of_another_address_is_refused(session: Session) -> None:
    """A Status List Token whose sub is another address."""
    await refused(session, await _served(session, sub="https://issuer.example/lists/1"))


@check("status-list-typ")
async def another_token_is_no_list(session: Session) -> None:
    """A Status List Token with typ JWT."""
    await refused(session, await _served(session, header={"typ": "JWT"}))


@check("status-list-expired")
async def expired_list_is_refused(session: Session) -> None:
    """A Status List Token past its exp."""
    await refused(session, await _served(session, iat=session.now() - 7200, exp=session.now() - 3600))


@check("status-list-iat-missing")
async def iat_of_the_list_is_required(session: Session) -> None:
    """A Status List Token whose iat is no number."""
    await refused(session, await _served(session, iat="today"))


@check("status-list-bits")
async def bits_are_one_of_four(session: Session) -> None:
    """A list of 3 bits for each place."""
    content = {"bits": 3, "lst": b64u(zlib.compress(packed(0)))}
    await refused(session, await _served(session, status_list=content))


@check("status-list-beyond")
async def index_lies_in_the_list(session: Session) -> None:
    """An index beyond the end of the list."""
    credential = await _served(session)
    credential.payload["status"]["status_list"]["idx"] = PLACES * 8
    await refused(session, credential)


@check("status-list-negative")
async def index_is_not_negative(session: Session) -> None:
    """An index of -1, which would be the last place of some languages."""
    credential = await _served(session)
    credential.payload["status"]["status_list"]["idx"] = -1
    await refused(session, credential)


@check("status-list-bomb")
async def inflation_is_bounded(session: Session) -> None:
    """A list of 256 MiB of zeros in some hundred KiB: refused, and the server lives."""
    await refused(session, await _served(session, status_list={"bits": 2, "lst": b64u(forging.zlib_bomb())}))


@check("status-list-garbage")
async def a_list_is_zlib(session: Session) -> None:
    """A lst that is no ZLIB stream."""
    await refused(session, await _served(session, status_list={"bits": 2, "lst": b64u(b"no list")}))


@check("status-list-media-type")
async def a_page_is_no_list(session: Session) -> None:
    """A Status List Token served as a web page."""
    host = await session.host()
    uri = host.address()
    host.put(uri, Document((await _token(session, uri)).encode(), "text/html"))
    await refused(session, await _credential(session, uri))


@check("status-list-redirect")
async def redirects_are_not_followed(session: Session) -> None:
    """A list's address that redirects to another one: the other is not asked."""
    host = await session.host()
    uri, other = host.address(), host.address()
    host.put(uri, Document(b"", MEDIA_TYPE, 302, other))
    host.put(other, Document((await _token(session, uri)).encode(), MEDIA_TYPE))
    await refused(session, await _credential(session, uri))
    expect(not host.was_asked(other), "no fetch of where the redirect leads", "a fetch")


@check("status-list-rolled-back")
async def an_older_list_undoes_nothing(session: Session) -> None:
    """A revocation that was seen, then the list as it was before it."""
    host = await session.host()
    uri = host.address()
    older = await _token(session, uri, 0, iat=session.now() - 3000)
    host.put(uri, Document((await _token(session, uri, 1)).encode(), MEDIA_TYPE))
    await refused(session, await _credential(session, uri))
    host.put(uri, Document(older.encode(), MEDIA_TYPE))
    await refused(session, await _credential(session, uri))


@check("status-unknown-mechanism")
async def unknown_mechanism_is_refused(session: Session) -> None:
    """A status of a kind that nobody defined: whether it was revoked cannot be found out."""
    credential = await draft(session)
    credential.payload["status"] = {"undefined_list": {"uri": "https://issuer.example/1"}}
    await refused(session, credential)

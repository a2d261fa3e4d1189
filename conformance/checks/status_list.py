"""The status list of the issued credential (Token Status List; HAIP 1.0, 6.1)."""

from conformance.holding import another, issued
from conformance.http import Answer, https_or_loopback
from conformance.jose import Jws
from conformance.registry import check
from conformance.session import Session
from conformance.status_list import MEDIA_TYPE, Reference, StatusList, open_token, reference_of
from conformance.verdict import Blocked, expect, skip
from conformance.x509 import chain_of, jwk_of_leaf, require_path, self_signed


async def _reference(session: Session) -> Reference:
    payload = (await issued(session)).credential.payload
    if "status" not in payload:
        skip("the credential has no status")
    return reference_of(payload)


async def _fetched(session: Session) -> Answer:
    uri = (await _reference(session)).uri
    return await session.http.get(uri, {"Accept": MEDIA_TYPE})


async def _opened(session: Session) -> tuple[Jws, StatusList]:
    answer = await _fetched(session)
    if answer.status != 200:
        raise Blocked(str(answer))
    return open_token(answer.text().strip(), (await _reference(session)).uri, session.now())


@check("status-reference")
async def credential_refers_to_a_list(session: Session) -> None:
    """status.status_list: an https uri and an index."""
    uri = (await _reference(session)).uri
    expect(https_or_loopback(uri), "an https uri without fragment", uri)


@check("status-media-type")
async def list_is_served_as_a_status_list(session: Session) -> None:
    """GET with Accept: 200 and the media type of Status List Tokens."""
    answer = await _fetched(session)
    expect(answer.status == 200, "HTTP 200", f"HTTP {answer.status}")
    expect(answer.media_type == MEDIA_TYPE, f"Content-Type {MEDIA_TYPE}", answer.media_type)


@check("status-token")
async def token_is_well_formed(session: Session) -> None:
    """typ, sub, iat, exp, ttl, bits and lst of the Status List Token."""
    await _opened(session)


@check("status-valid")
async def fresh_credential_is_valid(session: Session) -> None:
    """The entry of a credential issued a moment ago is 0."""
    _, status_list = await _opened(session)
    value = status_list.status((await _reference(session)).index)
    expect(value == 0, "status 0 (VALID)", value)


@check("status-chain")
async def list_is_signed_under_the_anchor(session: Session) -> None:
    """x5c of the Status List Token: a path to the configured root, without self-signed certificates."""
    chain = chain_of((await _opened(session))[0].header)
    require_path(chain, await session.anchors())
    expect(not any(map(self_signed, chain)), "no self-signed certificate in x5c", "one")


@check("status-signature")
async def list_is_signed(session: Session) -> None:
    """The signature, by the leaf of x5c; without x5c by the credential issuer's own key."""
    jws, _ = await _opened(session)
    header = jws.header if "x5c" in jws.header else (await issued(session)).credential.jws.header
    jws.require_signature(jwk_of_leaf(chain_of(header)))


@check("status-index-unique")
async def each_credential_has_its_own_entry(session: Session) -> None:
    """Two credentials never share an entry, or revoking one would revoke the other."""
    first, second = await _reference(session), reference_of((await another(session)).credential.payload)
    expect(first != second, "another entry for each credential", "the same entry twice")


@check("status-index-random")
async def entries_are_not_in_sequence(session: Session) -> None:
    """Neighbouring entries for credentials issued one after the other tell when each was issued."""
    first, second = await _reference(session), reference_of((await another(session)).credential.payload)
    apart = first.uri != second.uri or abs(first.index - second.index) != 1
    expect(apart, "entries that do not follow each other", f"{first.index} and {second.index}")

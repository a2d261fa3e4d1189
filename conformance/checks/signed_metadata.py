"""Signed Credential Issuer metadata (OpenID4VCI 1.0, 12.2.3; HAIP 1.0, 4.1)."""

from typing import Any

from conformance.http import Answer
from conformance.jose import SIGNATURE_ALGORITHMS, Jws, open_jws
from conformance.registry import check
from conformance.session import Session, standing, well_known
from conformance.verdict import Blocked, expect, skip
from conformance.x509 import chain_of, jwk_of_leaf, require_path, self_signed

REGISTERED = frozenset({"iss", "sub", "iat", "exp", "nbf", "aud", "jti"})


async def _served(session: Session) -> Answer:
    await session.issuer()
    url = well_known(str(session.target.issuer), "openid-credential-issuer")
    answer = await session.once("signed metadata", lambda: session.http.get(url, {"Accept": "application/jwt"}))
    if answer.media_type == "application/json":
        skip("the issuer gives no signed metadata")
    return answer


async def _opened(session: Session) -> Jws:
    answer = await _served(session)
    if answer.status != 200:
        raise Blocked(f"signed metadata: HTTP {answer.status}")
    return open_jws(answer.text().strip())


async def _claims(session: Session) -> dict[str, Any]:
    return (await _opened(session)).claims()


@check("signed-metadata-media-type")
async def served_as_a_jwt(session: Session) -> None:
    """Accept: application/jwt: 200 and that media type."""
    answer = await _served(session)
    good = answer.status == 200 and answer.media_type == "application/jwt"
    expect(good, "HTTP 200, application/jwt", f"{answer.status} {answer.media_type}")


@check("signed-metadata-typ")
async def typ_says_what_it_is(session: Session) -> None:
    """typ openidvci-issuer-metadata+jwt."""
    typ = (await _opened(session)).header.get("typ")
    expect(typ == "openidvci-issuer-metadata+jwt", "typ openidvci-issuer-metadata+jwt", typ)


@check("signed-metadata-algorithm")
async def algorithm_is_asymmetric(session: Session) -> None:
    """alg, an asymmetric signature algorithm."""
    algorithm = (await _opened(session)).header.get("alg")
    expect(algorithm in SIGNATURE_ALGORITHMS, "an asymmetric algorithm", algorithm)


@check("signed-metadata-sub")
async def subject_is_the_issuer(session: Session) -> None:
    """sub, the Credential Issuer Identifier."""
    sub = (await _claims(session)).get("sub")
    expect(sub == session.target.issuer, f"sub {session.target.issuer}", sub)


@check("signed-metadata-iss")
async def signer_is_a_string(session: Session) -> None:
    """iss, if any, is a string."""
    iss = (await _claims(session)).get("iss", "")
    expect(isinstance(iss, str), "a string", iss)


@check("signed-metadata-times")
async def times_are_sane(session: Session) -> None:
    """iat, required, not in the future; exp, if any, ahead."""
    claims, now = await _claims(session), session.now()
    iat = claims.get("iat")
    expect(isinstance(iat, int | float) and iat <= now + 10, "iat not in the future", iat)
    expect(claims.get("exp", now + 1) > now, "exp ahead", claims.get("exp"))


@check("signed-metadata-parameters")
async def says_the_same(session: Session) -> None:
    """Every parameter of the JSON document is a claim with the same value."""
    claims, document = await _claims(session), standing(await session.issuer_document())
    other = sorted(name for name, value in document.items() if claims.get(name) != value)
    expect(not other, "the parameters of the JSON document", f"others: {', '.join(other)}")


@check("signed-metadata-unknown")
async def says_nothing_more(session: Session) -> None:
    """No claims but the registered ones and the parameters of the JSON document."""
    claims, document = await _claims(session), standing(await session.issuer_document())
    more = sorted(claims.keys() - document.keys() - REGISTERED)
    expect(not more, "no more claims", ", ".join(more))


@check("signed-metadata-signature")
async def signed_by_its_key(session: Session) -> None:
    """The signature, by the leaf of x5c or the jwk of the header."""
    jws = await _opened(session)
    jws.require_signature(jwk_of_leaf(chain_of(jws.header)) if "x5c" in jws.header else jws.header.get("jwk", {}))


@check("signed-metadata-one-key")
async def header_names_one_key(session: Session) -> None:
    """One of x5c, jwk, kid and trust_chain in the header, no private key."""
    header = (await _opened(session)).header
    named = sorted(header.keys() & {"x5c", "jwk", "trust_chain"}) or sorted(header.keys() & {"kid"})
    expect(len(named) == 1, "one of x5c, jwk, trust_chain or kid", named)
    expect("d" not in header.get("jwk", {}), "a public key", "a private one")


@check("signed-metadata-chain")
async def chain_leads_to_the_anchor(session: Session) -> None:
    """x5c: a path to the configured root."""
    header = (await _opened(session)).header
    expect("x5c" in header, "x5c", sorted(header))
    require_path(chain_of(header), await session.anchors())


@check("signed-metadata-chain-without-root")
async def chain_leaves_the_root_out(session: Session) -> None:
    """x5c: no self-signed certificate, neither the root nor the leaf."""
    chain = chain_of((await _opened(session)).header)
    expect(not any(map(self_signed, chain)), "no self-signed certificate", "one")

"""The issued SD-JWT VC (SD-JWT VC; RFC 9901; HAIP 1.0, 6)."""

from typing import Any

from conformance import sd_jwt
from conformance.holding import Held, another, issued
from conformance.jose import PRIVATE_MEMBERS, unb64u
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect, skip
from conformance.x509 import chain_of, jwk_of_leaf, require_path, self_signed

SALT = 16


def _confirmation(held: Held) -> dict[str, Any]:
    confirmation = held.credential.payload.get("cnf")
    key = confirmation.get("jwk") if isinstance(confirmation, dict) else None
    expect(isinstance(key, dict), "cnf.jwk, an object", "none")
    assert isinstance(key, dict)
    return key


@check("sd-jwt-typ")
async def typ_says_what_it_is(session: Session) -> None:
    """The issuer-signed JWT's typ."""
    typ = (await issued(session)).credential.jws.header.get("typ")
    expect(typ == "dc+sd-jwt", "typ dc+sd-jwt", typ)


@check("sd-jwt-vct")
async def vct_is_the_configurations(session: Session) -> None:
    """vct equals that of the credential configuration."""
    wanted, vct = (await session.configuration()).get("vct"), (await issued(session)).credential.payload.get("vct")
    expect(isinstance(vct, str) and vct == wanted, f"vct {wanted}", vct)


@check("sd-jwt-cnf")
async def bound_to_the_proven_key(session: Session) -> None:
    """cnf.jwk is the key that made the proof."""
    held = await issued(session)
    key = _confirmation(held)
    same = all(key.get(name) == value for name, value in held.key.jwk.items())
    expect(same, "cnf.jwk of the key that signed the proof", {n: key.get(n) for n in held.key.jwk})


@check("sd-jwt-cnf-public")
async def confirmation_is_public(session: Session) -> None:
    """cnf.jwk has no private members and no members a public signature key does not need."""
    key = _confirmation(await issued(session))
    odd = sorted(key.keys() - {"kty", "crv", "x", "y", "kid", "use", "alg", "key_ops"} | key.keys() & PRIVATE_MEMBERS)
    expect(not odd, "a public key without odd members", ", ".join(odd))


@check("sd-jwt-chain")
async def chain_leads_to_the_anchor(session: Session) -> None:
    """x5c: a path to the configured root, valid now."""
    chain = chain_of((await issued(session)).credential.jws.header)
    require_path(chain, await session.anchors())


@check("sd-jwt-chain-without-root")
async def chain_leaves_the_root_out(session: Session) -> None:
    """x5c: no self-signed certificate, neither the root nor the leaf."""
    chain = chain_of((await issued(session)).credential.jws.header)
    own = [c.subject.rfc4514_string() for c in chain if self_signed(c)]
    expect(not own, "no self-signed certificate in x5c", ", ".join(own))


@check("sd-jwt-signature")
async def signed_by_the_leaf(session: Session) -> None:
    """The issuer's signature, by the key of the leaf certificate."""
    jws = (await issued(session)).credential.jws
    jws.require_signature(jwk_of_leaf(chain_of(jws.header)))


@check("sd-jwt-disclosures")
async def disclosures_are_all_referred_to(session: Session) -> None:
    """Process the SD-JWT strictly: each disclosure by one digest, no name twice, nothing left over."""
    sd_jwt.process((await issued(session)).credential)


@check("sd-jwt-not-disclosable")
async def what_verifiers_decide_by_is_always_there(session: Session) -> None:
    """None of iss, nbf, exp, cnf, vct, status is selectively disclosable."""
    disclosures = (await issued(session)).credential.disclosures
    hidden = sorted({str(d.name) for d in disclosures} & sd_jwt.NEVER_DISCLOSABLE)
    expect(not hidden, "these claims in the payload itself", ", ".join(hidden))


@check("sd-jwt-salts")
async def salts_are_unique(session: Session) -> None:
    """The salts of two credentials: all different, each of 128 bits or more."""
    held = await issued(session), await another(session)
    salts = [d.salt for one in held for d in one.credential.disclosures]
    if not salts:
        skip("the credential has no disclosures")
    expect(len(set(salts)) == len(salts), "salts that are all different", f"{len(salts) - len(set(salts))} used again")
    shortest = min(len(unb64u(salt)) for salt in salts)
    expect(shortest >= SALT, f"salts of at least {SALT} bytes", f"{shortest} bytes")


@check("sd-jwt-times")
async def times_are_sane(session: Session) -> None:
    """iat not in the future, nbf reached, exp ahead."""
    payload, now = (await issued(session)).credential.payload, session.now()
    for name in ("iat", "nbf", "exp"):
        value = payload.get(name, 0)
        expect(isinstance(value, int | float) and not isinstance(value, bool), f"{name}, a number", value)
    expect(payload.get("iat", 0) <= now + 10, "iat not in the future", payload.get("iat"))
    expect(payload.get("nbf", 0) <= now + 10, "nbf reached", payload.get("nbf"))
    expect(payload.get("exp", now + 1) > now, "exp ahead", payload.get("exp"))


@check("sd-jwt-ends")
async def credential_can_end(session: Session) -> None:
    """exp or status: a credential that neither expires nor can be revoked lives for ever."""
    payload = (await issued(session)).credential.payload
    expect({"exp", "status"} & payload.keys(), "exp or status", "neither")


@check("sd-jwt-no-key-binding")
async def issued_without_key_binding(session: Session) -> None:
    """What the issuer hands out ends with a tilde: it carries no KB-JWT."""
    expect((await issued(session)).credential.key_binding is None, "an SD-JWT that ends with a tilde", "a KB-JWT")

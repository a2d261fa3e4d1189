"""Credentials under a trusted authority that are wrong in themselves (SD-JWT VC; RFC 9901, 7.1; RFC 8725)."""

import hashlib
import hmac

from conformance import sd_jwt
from conformance.jose import Key, b64u, compact_json, seal
from conformance.minting import draft
from conformance.presenting import Presentation, accepted, refused, show
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect, skip

HOUR = 3600


@check("credential-accepted")
async def honest_credential_is_accepted(session: Session) -> None:
    """A credential of the suite's own authority, honest in everything."""
    await accepted(session, await draft(session))


@check("credential-expired")
async def expired_credential_is_refused(session: Session) -> None:
    """A credential whose exp passed an hour ago."""
    credential = await draft(session)
    credential.payload["exp"] = session.now() - HOUR
    await refused(session, credential)


@check("credential-not-yet-valid")
async def early_credential_is_refused(session: Session) -> None:
    """A credential whose nbf is in an hour."""
    credential = await draft(session)
    credential.payload["nbf"] = session.now() + HOUR
    await refused(session, credential)


@check("credential-exp-text")
async def exp_is_a_number(session: Session) -> None:
    """A credential whose exp is a text."""
    credential = await draft(session)
    credential.payload["exp"] = str(session.now() + HOUR)
    await refused(session, credential)


@check("credential-without-exp")
async def exp_is_optional(session: Session) -> None:
    """A credential without exp, which the format allows."""
    credential = await draft(session)
    del credential.payload["exp"]
    await accepted(session, credential)


@check("credential-vct-other")
async def other_type_is_refused(session: Session) -> None:
    """A credential of another vct than the query wants."""
    credential = await draft(session)
    credential.payload["vct"] = "urn:example:another-type:1"
    await refused(session, credential)


@check("credential-vct-missing")
async def vct_is_required(session: Session) -> None:
    """A credential without vct."""
    credential = await draft(session)
    del credential.payload["vct"]
    await refused(session, credential)


@check("credential-vct-beginning")
async def vct_is_compared_whole(session: Session) -> None:
    """A credential whose vct begins as the wanted one does."""
    credential = await draft(session)
    credential.payload["vct"] += "0"
    await refused(session, credential)


@check("credential-typ")
async def typ_is_compared(session: Session) -> None:
    """A credential with typ JWT."""
    credential = await draft(session)
    credential.header["typ"] = "JWT"
    await refused(session, credential)


@check("credential-typ-of-a-status-list")
async def another_token_is_no_credential(session: Session) -> None:
    """A credential with the typ of a Status List Token."""
    credential = await draft(session)
    credential.header["typ"] = "statuslist+jwt"
    await refused(session, credential)


@check("credential-alg-none")
async def unsigned_credential_is_refused(session: Session) -> None:
    """A credential with alg none and no signature."""
    presentation, credential = await Presentation.begin(session), await draft(session)
    _, *rest = credential.token(presentation.wanted()).split("~")
    digests = {"_sd": [sd_jwt.digest(text) for text in rest if text], "_sd_alg": "sha-256"}
    unsigned = seal({**credential.header, "alg": "none"}, {**digests, **credential.payload}, lambda _: b"")
    await _shown(presentation, "~".join([unsigned, *rest]), credential.holder)


@check("credential-alg-symmetric")
async def certified_keys_are_no_secrets(session: Session) -> None:
    """A credential by HS256, its key the text of the certified public key."""
    presentation, credential = await Presentation.begin(session), await draft(session)
    _, *rest = credential.token(presentation.wanted()).split("~")
    digests = {"_sd": [sd_jwt.digest(text) for text in rest if text], "_sd_alg": "sha-256"}
    secret = compact_json(credential.key.jwk)
    forged = seal(
        {**credential.header, "alg": "HS256"},
        {**digests, **credential.payload},
        lambda message: hmac.digest(secret, message, hashlib.sha256),
    )
    await _shown(presentation, "~".join([forged, *rest]), credential.holder)


async def _shown(presentation: Presentation, token: str, holder: Key) -> None:
    shown = sd_jwt.bind(token, holder, presentation.binding_claims())
    await presentation.expect_refused(await presentation.answer_with(shown))


@check("credential-jwk-header")
async def a_key_in_the_header_is_no_issuer(session: Session) -> None:
    """A credential without a chain, signed by a key that its header carries."""
    credential = await draft(session)
    credential.key = Key()
    credential.header = {"typ": "dc+sd-jwt", "jwk": credential.key.jwk}
    await refused(session, credential)


@check("credential-key-unnamed")
async def nobody_issues_nothing(session: Session) -> None:
    """A credential that names no key and no issuer."""
    credential = await draft(session)
    del credential.header["x5c"]
    await refused(session, credential)


@check("credential-jku-header")
async def addresses_in_the_header_are_not_followed(session: Session) -> None:
    """A credential without a chain, whose jku and x5u lead to a server of the forger's: refused, and never fetched."""
    host = await session.host()
    address = host.address()
    credential = await draft(session)
    del credential.header["x5c"]
    credential.header |= {"jku": address, "x5u": address, "kid": "1"}
    await refused(session, credential)
    expect(not host.was_asked(address), "no fetch of an address in the header", "a fetch")


@check("credential-self-made-did")
async def a_did_of_its_own_is_no_issuer(session: Session) -> None:
    """A credential signed by a did:jwk that the forger made."""
    credential = await draft(session)
    credential.key = Key()
    did = credential.key.did_jwk
    credential.header = {"typ": "dc+sd-jwt", "kid": f"{did}#0"}
    credential.payload["iss"] = did
    await refused(session, credential)


@check("credential-critical")
async def unknown_critical_header_is_refused(session: Session) -> None:
    """A credential with a critical header parameter that nobody defined."""
    credential = await draft(session)
    credential.header |= {"crit": ["undefined"], "undefined": True}
    await refused(session, credential)


@check("credential-unencoded")
async def unencoded_payload_is_refused(session: Session) -> None:
    """A credential with b64 false in its header."""
    credential = await draft(session)
    credential.header |= {"crit": ["b64"], "b64": False}
    await refused(session, credential)


@check("credential-cnf-missing")
async def holder_key_is_required(session: Session) -> None:
    """A credential without cnf, bound by a key of the thief's."""
    credential = await draft(session)
    del credential.payload["cnf"]
    await refused(session, credential)


@check("credential-cnf-text")
async def cnf_is_an_object(session: Session) -> None:
    """A credential whose cnf is a text."""
    credential = await draft(session)
    credential.payload["cnf"] = "the holder"
    await refused(session, credential)


@check("credential-cnf-plain-key")
async def holder_key_needs_no_more_than_a_key(session: Session) -> None:
    """A holder's key whose JWK says nothing but the key: no kid, no use, no alg."""
    credential = await draft(session)
    names = ("kty", "crv", "x", "y")
    credential.payload["cnf"] = {"jwk": {name: credential.holder.jwk[name] for name in names}}
    await accepted(session, credential)


@check("credential-issuer-not-certified")
async def issuer_is_who_was_certified(session: Session) -> None:
    """A credential whose iss is another host than its certificate names."""
    credential = await draft(session)
    credential.payload["iss"] = "https://another-issuer.example"
    await refused(session, credential)


@check("credential-payload-not-object")
async def claims_are_an_object(session: Session) -> None:
    """A credential whose payload is a JSON array."""
    presentation, credential = await Presentation.begin(session), await draft(session)
    await _shown(presentation, credential.key.jws(credential.header, ["no claims"]) + "~", credential.holder)


@check("credential-member-twice")
async def a_member_stands_once(session: Session) -> None:
    """A credential whose payload has vct twice, the wanted one last."""
    presentation, credential = await Presentation.begin(session), await draft(session)
    _, *rest = credential.token(presentation.wanted()).split("~")
    digests = {"_sd": [sd_jwt.digest(text) for text in rest if text], "_sd_alg": "sha-256"}
    payload = b'{"vct":"urn:example:other",' + compact_json({**digests, **credential.payload})[1:]
    forged = credential.key.jws(credential.header, payload)
    await _shown(presentation, "~".join([forged, *rest]), credential.holder)


@check("credential-plain-jwt")
async def a_jwt_is_no_sd_jwt(session: Session) -> None:
    """The issuer-signed JWT alone, all claims in clear, without a tilde."""
    presentation, credential = await Presentation.begin(session), await draft(session)
    token = credential.key.jws(credential.header, {**credential.payload, **credential.disclosed})
    await presentation.expect_refused(await presentation.answer_with(token))


# Disclosures (RFC 9901, 7.1)


@check("disclosure-twice")
async def a_disclosure_stands_once(session: Session) -> None:
    """One disclosure shown twice."""
    credential = await draft(session)
    text = sd_jwt.disclosure("undefined_claim", "x")
    credential.disclosures, credential.orphans = [text], [text]
    await refused(session, credential)


@check("disclosure-unused")
async def a_disclosure_has_its_digest(session: Session) -> None:
    """A disclosure that no digest refers to."""
    credential = await draft(session)
    credential.orphans = [sd_jwt.disclosure("undefined_claim", "x")]
    await refused(session, credential)


@check("disclosure-digest-twice")
async def a_digest_stands_once(session: Session) -> None:
    """The digest of a disclosure twice in the payload."""
    credential = await draft(session)
    text = sd_jwt.disclosure("undefined_claim", "x")
    credential.disclosures = [text]
    credential.payload["more"] = {"_sd": [sd_jwt.digest(text)]}
    await refused(session, credential)


@check("disclosure-name-clash")
async def a_claim_is_not_disclosed_over_another(session: Session) -> None:
    """A disclosure of a claim that stands in clear beside it."""
    credential = await draft(session)
    credential.payload["clear_claim"] = "in clear"
    credential.disclosures = [sd_jwt.disclosure("clear_claim", "disclosed")]
    await refused(session, credential)


@check("disclosure-name-sd")
async def the_name_sd_is_reserved(session: Session) -> None:
    """A disclosure of a claim called _sd."""
    credential = await draft(session)
    credential.disclosures = [sd_jwt.disclosure("_sd", ["x"])]
    await refused(session, credential)


@check("disclosure-name-dots")
async def the_name_of_three_dots_is_reserved(session: Session) -> None:
    """A disclosure of a claim called `...`."""
    credential = await draft(session)
    credential.disclosures = [sd_jwt.disclosure("...", "x")]
    await refused(session, credential)


@check("disclosure-shape")
async def a_disclosure_is_an_array_of_three(session: Session) -> None:
    """A disclosure that is a JSON object."""
    credential = await draft(session)
    credential.disclosures = [b64u(compact_json({"undefined_claim": "x"}))]
    await refused(session, credential)


@check("disclosure-of-an-element")
async def an_element_is_no_member(session: Session) -> None:
    """A disclosure of two elements, as an array's, where a member's belongs."""
    credential = await draft(session)
    credential.disclosures = [b64u(compact_json(["c2FsdHNhbHRzYWx0c2FsdA", "x"]))]
    await refused(session, credential)


@check("disclosure-nested-deep")
async def depth_is_bounded(session: Session) -> None:
    """A disclosure whose value is ten thousand arrays deep: refused, and the server lives."""
    credential = await draft(session)
    deep = b'["c2FsdHNhbHRzYWx0c2FsdA","undefined_claim",' + b"[" * 10_000 + b"]" * 10_000 + b"]"
    credential.disclosures = [b64u(deep)]
    await refused(session, credential)


@check("disclosure-algorithm")
async def unknown_hash_is_refused(session: Session) -> None:
    """An _sd_alg that nobody defined."""
    credential = await draft(session)
    credential.payload["_sd_alg"] = "sha-257"
    await refused(session, credential)


@check("disclosure-decoys")
async def decoys_are_ignored(session: Session) -> None:
    """A payload with digests that belong to nothing, as issuers put in to hide how many claims there are."""
    presentation, credential = await Presentation.begin(session), await draft(session)
    texts = {name: sd_jwt.disclosure(name, value) for name, value in credential.disclosed.items()}
    digests = sorted([*map(sd_jwt.digest, texts.values()), sd_jwt.digest("decoy"), sd_jwt.digest("another")])
    issuer_jwt = credential.key.jws(credential.header, {**credential.payload, "_sd": digests, "_sd_alg": "sha-256"})
    shown = "~".join([issuer_jwt, *(text for name, text in texts.items() if name in presentation.wanted()), ""])
    bound = sd_jwt.bind(shown, credential.holder, presentation.binding_claims())
    await presentation.expect_accepted(await presentation.answer_with(bound))


async def _hidden(session: Session, name: str) -> None:
    """Refused with a claim of the format in a disclosure."""
    credential = await draft(session)
    credential.disclosures = [sd_jwt.disclosure(name, credential.payload.pop(name))]
    await refused(session, credential)


@check("disclosure-of-exp")
async def exp_is_not_disclosable(session: Session) -> None:
    """exp in a disclosure: who holds it could leave it out."""
    await _hidden(session, "exp")


@check("disclosure-of-cnf")
async def cnf_is_not_disclosable(session: Session) -> None:
    """cnf in a disclosure."""
    await _hidden(session, "cnf")


@check("disclosure-of-vct")
async def vct_is_not_disclosable(session: Session) -> None:
    """vct in a disclosure."""
    await _hidden(session, "vct")


@check("disclosure-of-status")
async def status_is_not_disclosable(session: Session) -> None:
    """status in a disclosure, kept back: a credential whose revocation nobody can see."""
    credential = await draft(session)
    credential.disclosures = [sd_jwt.disclosure("status", {"status_list": {"idx": 1, "uri": "https://x.example/1"}})]
    await refused(session, credential)


@check("credential-answer-says-nothing")
async def accepted_answer_shows_no_claims(session: Session) -> None:
    """The answer to an accepted presentation repeats none of the claims that it had."""
    credential = await draft(session)
    presentation, answer = await show(session, credential)
    await presentation.expect_accepted(answer)
    repeated = [name for name, value in credential.disclosed.items() if str(value) in answer.text()]
    if not credential.disclosed:
        skip("[credential] claims are empty")
    expect(not repeated, "no claim of the holder's in the answer", ", ".join(repeated))

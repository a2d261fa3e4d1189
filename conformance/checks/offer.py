"""Credential Offer (OpenID4VCI 1.0, 4.1)."""

from conformance.jose import read_object
from conformance.offering import credential_offer, fetch_offer, offer_uri
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect, expect_json
from conformance.wallet import PRE_AUTHORIZED

MEMBERS = frozenset({"credential_issuer", "credential_configuration_ids", "grants"})
GRANTS = {
    PRE_AUTHORIZED: frozenset({"pre-authorized_code", "tx_code", "authorization_server"}),
    "authorization_code": frozenset({"issuer_state", "authorization_server"}),
}
ENTROPY = 22  # base64url characters of 128 bits


@check("offer-one-way")
async def passed_one_way(session: Session) -> None:
    """The offer URI has exactly one of credential_offer and credential_offer_uri."""
    given = (await offer_uri(session)).parameters()
    ways = [name for name in ("credential_offer", "credential_offer_uri") for _ in given.get(name, [])]
    expect(len(ways) == 1, "one of credential_offer, credential_offer_uri", ", ".join(ways) or "neither")


@check("offer-by-reference")
async def fetched_by_reference(session: Session) -> None:
    """GET credential_offer_uri: 200, application/json, an object."""
    expect_json(await fetch_offer(session, await offer_uri(session)))


@check("offer-by-value")
async def passed_by_value(session: Session) -> None:
    """The credential_offer parameter is the object itself."""
    given = (await offer_uri(session, "offer_by_value")).parameters().get("credential_offer")
    expect(given, "the credential_offer parameter", "none")
    expect("credential_configuration_ids" in read_object((given or [""])[0]), "a Credential Offer object", "another")


@check("offer-issuer")
async def names_its_issuer(session: Session) -> None:
    """credential_issuer is the identifier under which the metadata is found."""
    named = (await credential_offer(session, await offer_uri(session))).get("credential_issuer")
    expect(named == session.target.issuer, f"credential_issuer {session.target.issuer}", named)


@check("offer-configurations")
async def offers_known_configurations(session: Session) -> None:
    """credential_configuration_ids: non-empty, unique, each a key of the issuer metadata."""
    offered = (await credential_offer(session, await offer_uri(session))).get("credential_configuration_ids")
    known = (await session.issuer())["credential_configurations_supported"]
    unique = isinstance(offered, list) and offered and len(set(offered)) == len(offered)
    expect(unique, "a non-empty array without doubles", offered)
    expect(set(offered or []) <= known.keys(), f"configurations of the metadata: {', '.join(known)}", offered)


@check("offer-unknown")
async def says_nothing_unknown(session: Session) -> None:
    """Members of the offer and of its grants are those the specification defines."""
    offer = await credential_offer(session, await offer_uri(session))
    unknown = sorted(offer.keys() - MEMBERS)
    for grant, members in offer.get("grants", {}).items():
        unknown += [grant] if grant not in GRANTS else sorted(members.keys() - GRANTS[grant])
    expect(not unknown, "only members that the specification defines", ", ".join(unknown))


@check("offer-code-fresh")
async def codes_cannot_be_guessed(session: Session) -> None:
    """Two offers: different pre-authorized codes, each long enough for 128 bits."""
    codes = []
    for _ in range(2):
        grants = (await credential_offer(session, await offer_uri(session))).get("grants", {})
        codes.append(str(grants.get(PRE_AUTHORIZED, {}).get("pre-authorized_code", "")))
    expect(codes[0] != codes[1], "another code in each offer", "the same code twice")
    shortest = min(map(len, codes))
    expect(shortest >= ENTROPY, f"codes of at least {ENTROPY} characters", f"{shortest} characters")


@check("offer-tx-code")
async def says_that_a_tx_code_is_needed(session: Session) -> None:
    """The grant of an offer with transaction code has a well-formed tx_code object, and the code fits it."""
    uri = await offer_uri(session, "offer_with_tx_code")
    grant = (await credential_offer(session, uri)).get("grants", {}).get(PRE_AUTHORIZED, {})
    described = grant.get("tx_code")
    expect(isinstance(described, dict), "a tx_code object in the grant", described)
    mode, length, code = described.get("input_mode", "numeric"), described.get("length"), uri.tx_code or ""
    expect(mode in {"numeric", "text"}, "input_mode numeric or text", mode)
    expect(length is None or length == len(code), "length, the number of characters of the code", length)
    expect(mode == "text" or code.isdecimal(), "a numeric code, for that is what input_mode says", "another")
    expect(len(str(described.get("description", ""))) <= 300, "a description of at most 300 characters", "a longer one")

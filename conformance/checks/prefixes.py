"""Every way in which a verifier may name itself (OpenID4VP 1.0, 5.9.3), whole: the request, then an honest answer."""

from conformance.holding import held
from conformance.jose import Unreadable, open_jws, read_object, unb64u
from conformance.presenting import Presentation, request_uri
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import Blocked, expect, skip
from conformance.x509 import chain_of, jwk_of_leaf, names


async def _named(session: Session, prefix: str) -> tuple[Presentation, str]:
    """A request under this prefix, and the identifier behind it."""
    presentation = await Presentation.begin(session, "direct_post", variant=prefix)
    client_id = str(presentation.claims.get("client_id"))
    expect(client_id.startswith(f"{prefix}:"), f"client_id {prefix}:…", client_id)
    return presentation, client_id.removeprefix(f"{prefix}:")


async def _answered(session: Session, prefix: str) -> None:
    presentation, _ = await _named(session, prefix)
    await presentation.expect_accepted(await presentation.present(await held(session)))


@check("prefix-san-dns")
async def name_is_certified(session: Session) -> None:
    """x509_san_dns: signed by a leaf that has the name."""
    presentation, name = await _named(session, "x509_san_dns")
    chain = chain_of(presentation.jws.header)
    expect(name in names(chain[0]), f"{name} among the leaf's dNSNames", ", ".join(names(chain[0])) or "none")
    presentation.jws.require_signature(jwk_of_leaf(chain))


@check("prefix-san-dns-answered")
async def answer_to_a_name_is_accepted(session: Session) -> None:
    """x509_san_dns: an honest answer."""
    await _answered(session, "x509_san_dns")


@check("prefix-did")
async def did_names_the_key(session: Session) -> None:
    """decentralized_identifier: kid is a key of the DID; of a did:jwk, the one that signed."""
    presentation, did = await _named(session, "decentralized_identifier")
    kid = str(presentation.jws.header.get("kid"))
    expect(kid.startswith(f"{did}#"), f"kid {did}#…", kid)
    if did.startswith("did:jwk:"):
        try:
            key = read_object(unb64u(did.removeprefix("did:jwk:")), "did:jwk")
        except Unreadable as error:
            raise Blocked(f"the DID: {error}") from error
        presentation.jws.require_signature(key)


@check("prefix-did-answered")
async def answer_to_a_did_is_accepted(session: Session) -> None:
    """decentralized_identifier: an honest answer."""
    await _answered(session, "decentralized_identifier")


@check("prefix-redirect-uri")
async def address_names_the_verifier(session: Session) -> None:
    """redirect_uri: what stands behind the prefix is the response_uri, and nothing is signed."""
    presentation, address = await _named(session, "redirect_uri")
    expect(address == presentation.claims.get("response_uri"), "the response_uri", address)
    given = presentation.request.parameters()
    expect("request" not in given and not presentation.jws.signature, "an unsigned request", "a signed one")


@check("prefix-redirect-uri-answered")
async def answer_to_an_address_is_accepted(session: Session) -> None:
    """redirect_uri: an honest answer."""
    await _answered(session, "redirect_uri")


@check("prefix-redirect-uri-unprefixed")
async def prefix_belongs_to_the_address(session: Session) -> None:
    """redirect_uri: an answer made for the address without the prefix."""
    presentation, address = await _named(session, "redirect_uri")
    await presentation.expect_refused(await presentation.present(await held(session), aud=address))


@check("prefix-attestation")
async def attestation_names_the_key(session: Session) -> None:
    """verifier_attestation: the header's jwt is of this client, still good, and its cnf.jwk signed the request."""
    presentation, name = await _named(session, "verifier_attestation")
    attestation = open_jws(str(presentation.jws.header.get("jwt")))
    typ, claims = attestation.header.get("typ"), attestation.claims()
    expect(typ == "verifier-attestation+jwt", "typ verifier-attestation+jwt", typ)
    expect(claims.get("sub") == name, f"sub {name}", claims.get("sub"))
    ends = claims.get("exp")
    expect(isinstance(ends, int | float) and ends > session.now(), "exp ahead", ends)
    confirmation = claims.get("cnf")
    expect(isinstance(confirmation, dict) and "jwk" in confirmation, "cnf.jwk", confirmation)
    presentation.jws.require_signature(claims["cnf"]["jwk"])


@check("prefix-attestation-answered")
async def answer_to_an_attested_verifier_is_accepted(session: Session) -> None:
    """verifier_attestation: an honest answer."""
    await _answered(session, "verifier_attestation")


@check("prefix-by-value")
async def signed_request_may_stand_in_the_link(session: Session) -> None:
    """A signed request by value: client_id and a Request Object, which says the same."""
    given = (await request_uri(session, variant="by_value")).parameters()
    if "request" not in given:
        skip("the link has no request")
    claims = open_jws(given["request"]).claims()
    expect(claims.get("client_id") == given.get("client_id"), f"client_id {given.get('client_id')}", claims)

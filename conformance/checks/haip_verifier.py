"""What the High Assurance Interoperability Profile adds for verifiers (HAIP 1.0, 5 to 7)."""

from conformance.holding import held
from conformance.jose import Key
from conformance.minting import draft
from conformance.presenting import Presentation, refused
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect


@check("haip-x509-hash")
async def verifier_is_the_hash_of_its_certificate(session: Session) -> None:
    """The client identifier prefix is x509_hash."""
    client_id = str((await Presentation.begin(session)).claims.get("client_id"))
    expect(client_id.startswith("x509_hash:"), "x509_hash:…", client_id)


@check("haip-signed-by-reference")
async def request_is_signed_and_fetched(session: Session) -> None:
    """The request is signed, and the link has its request_uri."""
    presentation = await Presentation.begin(session)
    expect("request_uri" in presentation.request.parameters(), "request_uri in the link", "none")
    expect(presentation.jws.signature, "a signed Request Object", "none")


@check("haip-es256")
async def request_is_signed_by_es256(session: Session) -> None:
    """alg of the Request Object is one that every wallet has: ES256."""
    algorithm = (await Presentation.begin(session)).jws.header.get("alg")
    expect(algorithm == "ES256", "alg ES256", algorithm)


@check("haip-encrypted")
async def response_is_asked_for_encrypted(session: Session) -> None:
    """response_mode is direct_post.jwt."""
    mode = (await Presentation.begin(session)).claims.get("response_mode")
    expect(mode == "direct_post.jwt", "response_mode direct_post.jwt", mode)


@check("haip-redirect-uri")
async def browser_is_sent_back(session: Session) -> None:
    """The answer to an accepted response has a redirect_uri."""
    presentation = await Presentation.begin(session)
    answer = await presentation.present(await held(session))
    expect(answer.status == 200, "HTTP 200", answer)
    expect(isinstance(answer.member("redirect_uri"), str), "redirect_uri", answer)


@check("haip-dcql")
async def query_is_dcql(session: Session) -> None:
    """The query is a dcql_query of dc+sd-jwt and mso_mdoc."""
    query = (await Presentation.begin(session)).claims.get("dcql_query")
    formats = {one.get("format") for one in query["credentials"]} if isinstance(query, dict) else {None}
    expect(formats <= {"dc+sd-jwt", "mso_mdoc"}, "dc+sd-jwt and mso_mdoc", formats)


@check("haip-issuer-by-did")
async def issuer_has_a_certificate(session: Session) -> None:
    """A credential whose issuer is a DID: the profile knows x5c alone."""
    credential = await draft(session)
    credential.key = Key()
    did = credential.key.did_jwk
    credential.header = {"typ": "dc+sd-jwt", "kid": f"{did}#0"}
    credential.payload["iss"] = did
    await refused(session, credential)

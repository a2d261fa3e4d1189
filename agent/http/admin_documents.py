"""The admin API's rows of mobile documents: the issuing authority's certificates, seen and renewed."""

from typing import Any

from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.administering.document_signers import DocumentSigning, document_signing, renew
from agent.scope import Scope
from protocols import x509
from protocols.http import NO_STORE, Call, Reply, Route, json_reply


def _nothing(_call: Call) -> None:
    return None


async def _see(scope: Scope, request: None) -> DocumentSigning:
    try:
        return await document_signing(scope, request)
    except KeyError:
        raise NotFound("no IACA yet") from None


async def _renew(scope: Scope, _request: None) -> None:
    await renew(scope, at_once=True)


def _shown(found: DocumentSigning) -> Reply:
    return json_reply(
        {"iaca": _certificate(found.iaca), "document_signer": _certificate(found.signer)}, headers=NO_STORE
    )


def _certificate(der: bytes) -> dict[str, Any]:
    certificate = x509.load_certificate(der)
    return {
        "pem": x509.render_pem(der),
        "subject": certificate.subject.rfc4514_string(),
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
    }


ROUTES = (
    Route("GET", "/document-signing", scopes.TRUST_READ, _nothing, _see, _shown),
    Route("POST", "/document-signing/renew", scopes.ISSUER_WRITE, _nothing, _renew, lambda _: Reply(204)),
)

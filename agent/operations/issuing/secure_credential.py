"""POST /credentials/issue: a credential that the caller wrote gets the tenant's proof (VC API)."""

from collections.abc import Mapping
from typing import Any

from agent import gather
from agent.audit import AuditEvent
from agent.operations.issuing.envelop_credential import envelop_credential
from agent.operations.issuing.issuer_identity import IssuerIdentity, identities
from agent.operations.issuing.register_secured import place, registered
from agent.operations.issuing.sealed_keys import signature
from agent.operations.verifying.vc_api import form_of, require_on
from agent.scope import Scope
from agent.scope.limits import CREDENTIALS
from agent.tenancy import uuid7
from protocols import data_integrity, vcdm
from protocols.data_integrity import ProofGenerationError
from protocols.data_integrity.related import require_related
from protocols.ports import Securing
from protocols.vc_api import IssueRequest


async def secure_credential(scope: Scope, request: IssueRequest) -> Mapping[str, Any]:
    """The secured credential. Raises InvalidCredential, ProofGenerationError, InvalidJsonLd, UnknownContext,
    LimitReached, and Conflict for an id that a registered credential has.

    Only what the tenant is called may stand as issuer; a credential that carries proofs gets one more.
    """
    suite = require_on(scope, request.suite)
    vcdm.require_credential(request.credential)
    require_related(request.credential)
    async with scope.quotas.spend(scope, CREDENTIALS):
        return await _issue(scope, suite, request)


async def _issue(scope: Scope, suite: Any, request: IssueRequest) -> Mapping[str, Any]:
    placed = await place(scope, request)
    secured = await _secured(scope, suite, placed.request)
    form = request.suite if form_of(request.suite) else "ldp_vc"
    made = uuid7(scope.now(), scope.entropy(10))
    known = registered(scope, placed, made, form)
    async with scope.unit() as unit:
        unit.record(
            AuditEvent(
                "credential.secured", "credential", made, "issue", None, {"suite": request.suite, "format": form}
            )
        )
        if known is not None:
            await unit.status_lists.register(known)
        await unit.commit()
    return secured


async def _secured(scope: Scope, suite: Any, request: IssueRequest) -> Mapping[str, Any]:
    if form_of(request.suite) is not None:
        return await envelop_credential(scope, request)
    issuer = vcdm.issuer_of(request.credential)
    fitting = [one for one in await identities(scope, suite.algorithms) if one.did == issuer]
    if not fitting:
        raise ProofGenerationError("the tenant has no such identity with a key for this cryptosuite")
    return await secure(scope, suite, request.credential, fitting[0], "assertionMethod", request.mandatory)


async def secure(
    scope: Scope,
    suite: Any,
    document: Mapping[str, Any],
    identity: IssuerIdentity,
    purpose: str,
    mandatory: tuple[str, ...] = (),
    **bound: str | None,
) -> Mapping[str, Any]:
    """The document with one proof more: prepare, sign where the key is, seal."""
    document = data_integrity.with_context(document, suite.name, suite.legacy)
    proof = data_integrity.new_proof(suite.name, identity.method, purpose, scope.now(), legacy=suite.legacy, **bound)
    securing = Securing(
        data_integrity.unsecured(document), proof, identity.key.algorithm, identity.key.jwk, scope.entropy, mandatory
    )
    prepared = await gather.finished(scope, suite.prepare(securing))
    finished = suite.seal(prepared, await signature(scope, suite, identity.key, prepared))
    return data_integrity.with_proof(document, finished)

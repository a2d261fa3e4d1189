"""POST /credentials/issue under a form of VC-JOSE-COSE: the credential in an envelope that the tenant signed."""

from collections.abc import Mapping
from typing import Any

from agent.operations.issuing.issuer_identity import IssuerIdentity, identities
from agent.operations.verifying.vc_api import form_of
from agent.scope import Scope
from protocols import vc_jose_cose, vcdm
from protocols.claims_path import ClaimsPath
from protocols.data_integrity import ProofGenerationError
from protocols.vc_api import IssueRequest

ALGORITHMS = ("ES256", "EdDSA", "ES384")


async def envelop_credential(scope: Scope, request: IssueRequest) -> Mapping[str, Any]:
    """An EnvelopedVerifiableCredential. Raises InvalidEnvelope, InvalidCredential, ProofGenerationError.

    As SD-JWT, each claim of the subject may be withheld but its id, and what the mandatory pointers name.
    """
    form, credential = form_of(request.suite) or "", request.credential
    vc_jose_cose.require_extensions(credential)
    identity = await identity_of(scope, vcdm.issuer_of(credential))
    disclosable = _disclosable(credential, request.mandatory)
    return await envelop(scope, form, "vc", credential, identity, disclosable)


async def identity_of(scope: Scope, did: str | None) -> IssuerIdentity:
    """The tenant under this name, or under any. Raises ProofGenerationError when it is not called so."""
    for one in await identities(scope, ALGORITHMS):
        if did in (None, one.did):
            return one
    raise ProofGenerationError("the tenant has no such identity")


async def envelop(
    scope: Scope,
    form: str,
    kind: str,
    document: Mapping[str, Any],
    identity: IssuerIdentity,
    disclosable: frozenset[ClaimsPath] = frozenset(),
    beside: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """prepare -> sign where the key is -> seal."""
    prepared = vc_jose_cose.prepare(
        form, kind, document, identity.key.algorithm, identity.method, scope.entropy, disclosable, beside
    )
    content = vc_jose_cose.seal(prepared, await scope.keys.sign(identity.key.handle, prepared.payload))
    return vc_jose_cose.enveloped(form, kind, content)


def _disclosable(credential: Mapping[str, Any], mandatory: tuple[str, ...]) -> frozenset[ClaimsPath]:
    subject = credential["credentialSubject"]
    if not isinstance(subject, dict):
        return frozenset()
    always = {pointer.split("/")[2] for pointer in mandatory if pointer.startswith("/credentialSubject/")}
    names = () if "/credentialSubject" in mandatory else subject.keys() - {"id", *always}
    return frozenset(("credentialSubject", name) for name in names)

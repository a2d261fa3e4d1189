"""Credentials of the format `ldp_vc` over DIDComm, whatever the attachments say of them: offered, issued, kept."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.issuing.claims import claims_for
from agent.operations.issuing.create_credential_offer import LIFETIME, UnknownConfiguration
from agent.operations.issuing.decide_issuance import Waiting, decide_issuance
from agent.operations.issuing.defer_credential import defer_credential
from agent.operations.issuing.make_credentials import Agreed, begins, draft_of, make
from agent.operations.issuing.proved import Holder, Proved
from agent.operations.messaging.credentials.attaching import Answer, NotOverDidcomm, Offer, OfferTerms
from agent.scope import Scope
from agent.scope.deferring import Deferral, Refused
from agent.scope.holding import HeldCredential
from agent.scope.issuing import Authorized, NewIssuance
from agent.scope.limits import CREDENTIALS
from agent.scope.tenants import CredentialConfiguration
from agent.tenancy import uuid7
from protocols import did as dids
from protocols import vcdm
from protocols.data_integrity import cryptosuite_of, proofs_of
from protocols.did import parse_did
from protocols.didcomm.attached import Attached
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.issuing import Issued, Kept, Later
from protocols.errors import ProtocolError
from protocols.openid4vci.credential import CredentialRequest
from protocols.ports.tools import FetchFailed, FetchRefused
from protocols.vcdm import making

FORMAT = "ldp_vc"
GRANT = "didcomm"
"""The grant type of an issuance that began with an offer over DIDComm."""
HOLDING = ("EdDSA", "ES256", "ES384")
"""Algorithms of the keys that credentials are held with."""
SKEW = 60


class UnknownHolder(ProtocolError):
    """The holder's DID has no key to present with."""

    code = "invalid_input"
    status = 422


async def offer(
    scope: Scope, terms: OfferTerms, attach: Callable[[CredentialConfiguration, dict[str, Any]], Attached]
) -> Offer:
    """What `attach` makes of the credential as it would be issued; the thread remembers that as `offered`.

    Raises UnknownConfiguration, NotOverDidcomm, InvalidClaims, UnknownHolder.
    """
    configuration = _configuration(scope, terms.configuration)
    claims = claims_for(scope.catalogue, (terms.configuration,), terms.claims)
    holder = await holder_of(scope, terms.holder) if terms.holder else None
    issuance = uuid7(scope.now(), scope.entropy(10))
    agreed = Agreed(begins(scope, configuration), _entropy(scope, issuance))
    draft = await draft_of(scope, configuration, claims, holder, agreed)
    attached = attach(configuration, scope.plugins["credential_formats"][FORMAT].unsigned(draft))
    new = NewIssuance(
        id=issuance,
        issuer_id=scope.catalogue.issuer_id,
        credential_configuration_ids=(terms.configuration,),
        claims=claims,
        subject=terms.subject,
        subject_key_id=uuid7(scope.now(), scope.entropy(10)),
        grant_type=GRANT,
        expires_at=scope.now() + (terms.lifetime or LIFETIME),
    )

    async def add(unit: Any) -> None:
        metadata = {"configurations": [terms.configuration], "grant": GRANT}
        unit.record(AuditEvent("offer.created", "issuance", issuance, correlation=issuance, metadata=metadata))
        await unit.issuances.add(new)

    known = {"issuance": str(issuance), "issued_at": agreed.issued_at.isoformat(), "offered": attached.content}
    return Offer(attached, known, (add,), int(new.expires_at.timestamp()), issuance)


async def issue(
    scope: Scope,
    known: Mapping[str, Any],
    holder: Holder | None,
    attach: Callable[[dict[str, Any]], Attached],
    added: Mapping[str, str] | None = None,
) -> Answer:
    """What was offered, while the offer stands, once; `added` goes into the proof."""
    issuance_id = UUID(known["issuance"])
    async with scope.unit() as unit:
        issuance: Authorized | None = await unit.issuances.begun(issuance_id)
    if issuance is None:
        return Declined("the offer has ended"), ()
    configuration = _configuration(scope, issuance.credential_configuration_ids[0])
    if bool(configuration.proof_types) != (holder is not None):
        return Declined("the credential is bound to a holder" if holder is None else "the credential is nobody's"), ()
    async with scope.unit() as unit:
        deferral: Deferral | Refused | None = await unit.deferrals.of(issuance, configuration.id)
    if isinstance(deferral, Refused):
        return Declined("denied"), ()
    decision = await decide_issuance(scope, issuance, configuration, [holder.jwk] if holder else [], deferral)
    if isinstance(decision, Waiting):
        if deferral is None:
            request = CredentialRequest(configuration.credential_configuration_id, None, None, ())
            await defer_credential(scope, issuance, configuration, request, Proved([holder], ()), (), decision)
        return Later(decision.waiting_for), ()
    agreed = Agreed(datetime.fromisoformat(known["issued_at"]), _entropy(scope, issuance_id), added or {})
    await scope.quotas.take(scope, CREDENTIALS)
    made = await make(scope, issuance, configuration, Proved([holder], ()), agreed=agreed)
    remembered = {"issuance": str(issuance_id), "credentials": [str(one) for one in made.ids]}
    return Issued(attach(made.credentials[0]), remembered), (made.settle,)


def _configuration(scope: Scope, name: str) -> CredentialConfiguration:
    """Raises UnknownConfiguration, NotOverDidcomm."""
    found = scope.catalogue.configuration(name)
    if found is None:
        raise UnknownConfiguration()
    if found.format != FORMAT:
        raise NotOverDidcomm("no attachment format for this credential format")
    if found.claim_source is not None:
        raise NotOverDidcomm("an offer shows the claims, which a claim source would look up later")
    if found.key_attestations_required is not None:
        raise NotOverDidcomm("keys are not attested over DIDComm")
    return found


def _entropy(scope: Scope, issuance: UUID) -> Callable[[int], bytes]:
    """Random bytes, the first of which, the credential's id, are the same when it is offered and when it is issued."""
    first = [scope.vault.derive("didcomm.credential_id", issuance.bytes)]

    def entropy(count: int) -> bytes:
        return first.pop()[:count] if first else scope.entropy(count)

    return entropy


def suite_of(scope: Scope, configuration: CredentialConfiguration) -> tuple[str, bool]:
    """The cryptosuite, and whether it is of before Data Integrity."""
    name = str(configuration.options.get("cryptosuite", "eddsa-rdfc-2022"))
    return name, scope.plugins["cryptosuites"][name].legacy


def status_type(scope: Scope, configuration: CredentialConfiguration) -> str | None:
    """The type of the status entry that the credential will have."""
    open_ones = scope.catalogue.status_registries
    lists = [open_ones[kind] for kind in configuration.statuses if kind in open_ones]
    return str(scope.plugins["status_mechanisms"][lists[0].mechanism].member) if lists else None


async def holder_of(scope: Scope, did: str) -> Holder:
    """The first key that a DID lists to authenticate with. Raises UnknownHolder."""
    try:
        method, _ = parse_did(did)
        resolver = scope.plugins["did_methods"].get(method)
        found = dids.keys(await resolver.resolve(did), "authentication") if resolver else {}
    except (ProtocolError, FetchFailed, FetchRefused) as error:
        raise UnknownHolder(type(error).__name__) from None
    if not found:
        raise UnknownHolder("no key")
    kid, jwk = next(iter(found.items()))
    return Holder(jwk, kid)


def keep(scope: Scope, credential: Mapping[str, Any]) -> Answer:
    """Hold what was checked, once the thread is settled."""
    held = HeldCredential(
        id=uuid7(scope.now(), scope.entropy(10)),
        format=FORMAT,
        type=making.type_of(credential),
        issuer=vcdm.issuer_of(credential),
        credential=credential,
        issued_at=vcdm.valid_from(credential) or scope.now(),
        expires_at=vcdm.valid_until(credential),
    )

    async def store(unit: Any) -> None:
        await unit.holdings.keep(held)
        metadata = {"format": FORMAT, "cryptosuite": cryptosuite_of(proofs_of(credential)[0])}
        unit.record(AuditEvent("credential.received", "credential", held.id, "create", held.id, metadata))

    return Kept(str(held.id)), (store,)

"""JSON-LD credentials over DIDComm (RFC 0593): offered whole, asked for as offered, issued as asked for."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.issuing.claims import claims_for
from agent.operations.issuing.create_credential_offer import LIFETIME, UnknownConfiguration
from agent.operations.issuing.decide_issuance import Waiting, decide_issuance
from agent.operations.issuing.defer_credential import defer_credential
from agent.operations.issuing.issuer_identity import identities
from agent.operations.issuing.make_credentials import Agreed, begins, draft_of, make
from agent.operations.issuing.proved import Holder, Proved
from agent.operations.messaging.credentials.attaching import Answer, Asked, NotOverDidcomm, Offer, OfferTerms
from agent.operations.verifying.proofs import require_proofs
from agent.scope import Scope
from agent.scope.deferring import Deferral, Refused
from agent.scope.holding import HeldCredential
from agent.scope.issuing import Authorized, NewIssuance
from agent.scope.limits import CREDENTIALS
from agent.scope.tenants import CredentialConfiguration
from agent.tenancy import uuid7
from protocols import did as dids
from protocols import vcdm
from protocols.data_integrity import Expectations, cryptosuite_of, proofs_of
from protocols.did import parse_did
from protocols.didcomm import ld_proof_vc
from protocols.didcomm.attached import Attached, Said
from protocols.didcomm.exchanging import Declined
from protocols.didcomm.issuing import Issued, Kept, Later
from protocols.didcomm.ld_proof_vc import CREDENTIAL, DETAIL
from protocols.errors import ProtocolError
from protocols.openid4vci.credential import CredentialRequest
from protocols.ports.tools import FetchFailed, FetchRefused
from protocols.vcdm import making

FORMAT = "ldp_vc"
GRANT = "didcomm"
"""The grant type of an issuance that began with an offer over DIDComm."""
_HOLDING = ("EdDSA", "ES256", "ES384")
_SKEW = 60


class UnknownHolder(ProtocolError):
    """The holder's DID has no key to present with."""

    code = "invalid_input"
    status = 422


class LdProofVc:
    """A configuration of the format `ldp_vc`. Who holds it is the DID in the request, believed as the connection is:
    the format has no proof of possession."""

    offers = DETAIL
    requests = DETAIL
    credentials = CREDENTIAL

    # ---------------------------------------------------------------------------------------------------- as issuer
    async def offer(self, scope: Scope, terms: OfferTerms) -> Offer:
        """Raises UnknownConfiguration, NotOverDidcomm, InvalidClaims, UnknownHolder."""
        configuration = _configuration(scope, terms.configuration)
        claims = claims_for(scope.catalogue, (terms.configuration,), terms.claims)
        holder = await _holder(scope, terms.holder) if terms.holder else None
        issuance = uuid7(scope.now(), scope.entropy(10))
        agreed = Agreed(begins(scope, configuration), _entropy(scope, issuance))
        draft = await draft_of(scope, configuration, claims, holder, agreed)
        credential = scope.plugins["credential_formats"][FORMAT].unsigned(draft)
        content = ld_proof_vc.detail(credential, *_suite(scope, configuration), _status_type(scope, configuration))
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

        known = {"issuance": str(issuance), "issued_at": agreed.issued_at.isoformat(), "offered": content}
        ends = int(new.expires_at.timestamp())
        return Offer(Attached(DETAIL, content), known, (add,), ends, issuance)

    async def issue(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Answer:
        """Only what was offered, while the offer stands, once."""
        attached = said.of(DETAIL)
        if attached is None:
            return Declined("no attachment in the format of the offer"), ()
        try:
            asked = ld_proof_vc.parse(attached.content)
            added = ld_proof_vc.require_as_offered(known["offered"], asked)
            subject = ld_proof_vc.subject_of(asked["credential"])
            holder = await _holder(scope, subject) if subject else None
            return await _issue(scope, known, holder, added)
        except ProtocolError as error:
            return Declined(error.description), ()

    # ---------------------------------------------------------------------------------------------------- as holder
    async def request(self, scope: Scope, offered: Mapping[str, Any]) -> Asked:
        """About a DID of the tenant's where the offer leaves that open."""
        content = ld_proof_vc.parse(offered)
        if ld_proof_vc.subject_of(content["credential"]) is None:
            known = [one for one in await identities(scope, _HOLDING) if one.did.startswith("did:key:")]
            if not known:
                raise UnknownHolder("the tenant has no key to hold with")
            content = ld_proof_vc.with_subject(content, known[0].did)
        return Asked(Attached(DETAIL, content), {"asked": content})

    async def receive(self, scope: Scope, known: Mapping[str, Any], said: Said) -> Answer:
        """The one that was asked for, in time, with the issuer's proof."""
        attached = said.of(CREDENTIAL)
        if attached is None:
            return Declined("no attachment in the format of the request"), ()
        credential, options = attached.content, known["asked"]["options"]
        try:
            ld_proof_vc.require_as_asked(known["asked"], credential)
            vcdm.require_credential(credential)
            vcdm.require_validity(credential, scope.now(), _SKEW)
            expected = Expectations(
                "assertionMethod", scope.now(), options.get("domain"), options.get("challenge"), _SKEW
            )
            await require_proofs(scope, credential, expected, vcdm.issuer_of(credential))
        except ProtocolError as error:
            return Declined(error.description), ()
        return _keep(scope, credential)


async def _issue(scope: Scope, known: Mapping[str, Any], holder: Holder | None, added: Mapping[str, str]) -> Answer:
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
    agreed = Agreed(datetime.fromisoformat(known["issued_at"]), _entropy(scope, issuance_id), added)
    await scope.quotas.take(scope, CREDENTIALS)
    made = await make(scope, issuance, configuration, Proved([holder], ()), agreed=agreed)
    remembered = {"issuance": str(issuance_id), "credentials": [str(one) for one in made.ids]}
    return Issued(Attached(CREDENTIAL, made.credentials[0]), remembered), (made.settle,)


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


def _suite(scope: Scope, configuration: CredentialConfiguration) -> tuple[str, bool]:
    name = str(configuration.options.get("cryptosuite", "eddsa-rdfc-2022"))
    return name, scope.plugins["cryptosuites"][name].legacy


def _status_type(scope: Scope, configuration: CredentialConfiguration) -> str | None:
    open_ones = scope.catalogue.status_registries
    lists = [open_ones[kind] for kind in configuration.statuses if kind in open_ones]
    return str(scope.plugins["status_mechanisms"][lists[0].mechanism].member) if lists else None


async def _holder(scope: Scope, did: str) -> Holder:
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


def _keep(scope: Scope, credential: Mapping[str, Any]) -> Answer:
    held = HeldCredential(
        id=uuid7(scope.now(), scope.entropy(10)),
        format=FORMAT,
        type=making.type_of(credential),
        issuer=vcdm.issuer_of(credential),
        credential=credential,
        issued_at=vcdm.valid_from(credential) or scope.now(),
        expires_at=vcdm.valid_until(credential),
    )

    async def keep(unit: Any) -> None:
        await unit.holdings.keep(held)
        metadata = {"format": FORMAT, "cryptosuite": cryptosuite_of(proofs_of(credential)[0])}
        unit.record(AuditEvent("credential.received", "credential", held.id, "create", held.id, metadata))

    return Kept(str(held.id)), (keep,)

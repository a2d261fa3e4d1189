"""POST /credential-offers: an issuance begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.issuing import codes
from agent.operations.issuing.claims import claims_for
from agent.operations.issuing.evidence import wants_evidence
from agent.scope import Scope
from agent.scope.issuing import NewIssuance
from agent.scope.limits import CREDENTIALS
from agent.scope.settings import ISSUING
from agent.tenancy import uuid7
from protocols.errors import ProtocolError
from protocols.oauth.token import AUTHORIZATION_CODE
from protocols.openid4vci import credential_offer
from protocols.openid4vci.credential_offer import CredentialOffer, TxCode

TX_CODE_DIGITS = 6
LIFETIME = timedelta(minutes=10)


class UnknownConfiguration(ProtocolError):
    """The credential configuration is not known."""

    code = "unknown_credential_configuration"
    status = 422


class TxCodeNotPossible(ProtocolError):
    """A transaction code belongs to a pre-authorized code."""

    code = "invalid_input"
    status = 422


@dataclass(frozen=True, slots=True)
class CreateCredentialOffer:
    """Request: what is offered with which claims; `subject` is the tenant's own name for the person."""

    credential_configuration_ids: tuple[str, ...]
    claims: Mapping[str, Any]
    subject: str | None = None
    grant: str = "pre-authorized_code"
    tx_code: bool = False
    by_value: bool = False
    lifetime: timedelta | None = None


@dataclass(frozen=True, slots=True)
class CreatedCredentialOffer:
    """The link for the wallet, and the transaction code that reaches the person by another way."""

    issuance_id: UUID
    credential_offer_uri: str
    tx_code: str | None
    evidence_uri: str | None = None
    """Where the person presents what a policy wants presented before a pre-authorized issuance."""


async def create_credential_offer(scope: Scope, request: CreateCredentialOffer) -> CreatedCredentialOffer:
    """Raises UnknownConfiguration, TxCodeNotPossible, InvalidClaims, FeatureOff, and LimitReached when nothing could
    be issued."""
    scope.catalogue.tenant.require(ISSUING)
    if request.grant == AUTHORIZATION_CODE and request.tx_code:
        raise TxCodeNotPossible()
    if not set(request.credential_configuration_ids) <= scope.catalogue.configurations.keys():
        raise UnknownConfiguration()
    await scope.quotas.require(scope, CREDENTIALS)
    claims: Mapping[str, Any] | None = None  # of who signs in, unless the offer brings them
    if request.claims or request.grant != AUTHORIZATION_CODE:
        claims = claims_for(scope.catalogue, request.credential_configuration_ids, request.claims)
    issuance = uuid7(scope.now(), scope.entropy(10))
    tx_code = _tx_code(scope) if request.tx_code else None
    new = _new(scope, request, issuance, claims, tx_code)
    async with scope.unit() as unit:
        metadata = {"configurations": list(request.credential_configuration_ids), "grant": request.grant}
        unit.record(AuditEvent("offer.created", "issuance", issuance, correlation=issuance, metadata=metadata))
        await unit.issuances.add(new)
        await unit.commit()
    return CreatedCredentialOffer(issuance, _link(scope, new, request.by_value), tx_code, _evidence(scope, new))


def _new(
    scope: Scope, request: CreateCredentialOffer, issuance: UUID, claims: Mapping[str, Any] | None, tx_code: str | None
) -> NewIssuance:
    vault, by_code = scope.vault, request.grant == AUTHORIZATION_CODE
    return NewIssuance(
        id=issuance,
        issuer_id=scope.catalogue.issuer_id,
        credential_configuration_ids=request.credential_configuration_ids,
        claims=claims,
        subject=request.subject,
        subject_key_id=uuid7(scope.now(), scope.entropy(10)),
        grant_type=request.grant,
        offer_hash=codes.digest(codes.offer_secret(vault, issuance)),
        code_hash=None if by_code else codes.digest(codes.pre_authorized_code(vault, issuance)),
        issuer_state_hash=codes.digest(codes.issuer_state(vault, issuance)) if by_code else None,
        tx_code_mac=codes.tx_code_mac(vault, issuance, tx_code) if tx_code else None,
        expires_at=scope.now() + (request.lifetime or LIFETIME),
    )


def _evidence(scope: Scope, new: NewIssuance) -> str | None:
    """Who signs in presents it between that and the consent."""
    if new.grant_type == AUTHORIZATION_CODE or not wants_evidence(scope, new.credential_configuration_ids):
        return None
    return f"{scope.tenant.base_url}/evidence/{codes.evidence_reference(scope.vault, new.id)}"


def _tx_code(scope: Scope) -> str:
    """Six digits, uniform to within 2^-43."""
    return f"{int.from_bytes(scope.entropy(8), 'big') % 10**TX_CODE_DIGITS:0{TX_CODE_DIGITS}}"


def _link(scope: Scope, new: NewIssuance, by_value: bool) -> str:
    if by_value:
        needs_tx_code = new.tx_code_mac is not None
        offer = offer_of(scope, new.id, new.credential_configuration_ids, new.grant_type, needs_tx_code)
        return credential_offer.by_value(offer)
    secret = codes.offer_secret(scope.vault, new.id)
    return credential_offer.by_reference(f"{scope.tenant.base_url}/credential-offers/{secret}")


def offer_of(
    scope: Scope, issuance: UUID, configurations: tuple[str, ...], grant: str, needs_tx_code: bool
) -> CredentialOffer:
    """The Credential Offer of an issuance (OpenID4VCI 1.0, 4.1.1)."""
    if grant == AUTHORIZATION_CODE:
        return CredentialOffer(
            scope.tenant.base_url, configurations, issuer_state=codes.issuer_state(scope.vault, issuance)
        )
    return CredentialOffer(
        credential_issuer=scope.tenant.base_url,
        credential_configuration_ids=configurations,
        pre_authorized_code=codes.pre_authorized_code(scope.vault, issuance),
        tx_code=TxCode(TX_CODE_DIGITS) if needs_tx_code else None,
    )

"""The unit of work: one transaction of one tenant on one pooled connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import bindparam, insert, literal, select

from agent.audit import AuditEvent, DataAccess, SecurityEvent
from agent.encryption.vault import TenantVault
from agent.scope import Conflict
from agent.scope.core import DatabaseGone
from agent.storage import tables
from agent.storage.recording import recorded
from agent.storage.repositories.anoncreds import PostgresAnonCreds
from agent.storage.repositories.api_keys import ApiKeyRepository
from agent.storage.repositories.archive import ArchiveRepository
from agent.storage.repositories.attempt_counters import AttemptCounterRepository
from agent.storage.repositories.audit_trail import AuditTrailRepository
from agent.storage.repositories.authenticators import AuthenticatorRepository
from agent.storage.repositories.authorizations import AuthorizationRepository
from agent.storage.repositories.claim_records import ClaimRecordRepository
from agent.storage.repositories.clients import ClientRepository
from agent.storage.repositories.compliance import ComplianceRepository
from agent.storage.repositories.connections import ConnectionRepository
from agent.storage.repositories.conversations import ConversationRepository
from agent.storage.repositories.credential_configurations import CredentialConfigurationRepository
from agent.storage.repositories.credential_types import CredentialTypeRepository
from agent.storage.repositories.dcql_queries import DcqlQueryRepository
from agent.storage.repositories.deferrals import DeferralRepository
from agent.storage.repositories.dids import DidRepository
from agent.storage.repositories.erasures import ErasureRepository
from agent.storage.repositories.evidence import EvidenceRepository
from agent.storage.repositories.holdings import HoldingRepository
from agent.storage.repositories.idempotency_keys import IdempotencyKeyRepository
from agent.storage.repositories.identity_providers import IdentityProviderRepository
from agent.storage.repositories.issuance_policies import IssuancePolicyRepository
from agent.storage.repositories.issuances import IssuanceRepository
from agent.storage.repositories.jobs import JobRepository
from agent.storage.repositories.mediations import MediationRepository
from agent.storage.repositories.people import PeopleRepository
from agent.storage.repositories.person_files import PersonFileRepository
from agent.storage.repositories.presentations import PresentationRepository
from agent.storage.repositories.quality import QualityRepository
from agent.storage.repositories.replay_marks import ReplayMarkRepository
from agent.storage.repositories.signing_keys import SigningKeyRepository
from agent.storage.repositories.statistics import StatisticsRepository
from agent.storage.repositories.status_evidence import StatusEvidenceRepository
from agent.storage.repositories.status_lists import StatusListRepository
from agent.storage.repositories.talks import TalkRepository
from agent.storage.repositories.tenant_configurations import TenantConfigurationRepository
from agent.storage.repositories.tenants import TenantRepository
from agent.storage.repositories.trust_anchors import TrustAnchorRepository
from agent.storage.repositories.upkeep import UpkeepRepository
from agent.storage.repositories.usage import TenantLimitRepository, UsageRepository
from agent.storage.repositories.verification_policies import VerificationPolicyRepository
from agent.storage.statements import Statement
from agent.storage.subjects import subject_index
from agent.telemetry import COMMITS, EVENTS
from agent.tenancy import Principal, Tenant

if TYPE_CHECKING:
    from agent.storage.pool import Pool
    from agent.storage.statements import Connection


class _Ended:
    """What a unit of work that was left has for a connection: the one it had may be another tenant's by now."""

    def __getattr__(self, name: str) -> NoReturn:
        raise asyncpg.InterfaceError(f"{name} after the unit of work has ended")


_ENDED: Any = _Ended()
CATALOGUE_CHANNEL = "chancery_catalogue"
QUEUE_CHANNEL = "chancery_queue"


def _insert(table: Any, names: str) -> Statement:
    return Statement(insert(table).values({name: bindparam(name) for name in names.split()}))


_written, _accessed = recorded(None)
_AUDIT = Statement(select(literal(1)).add_cte(_written))
_AUDIT_AND_ACCESS = Statement(select(literal(1)).add_cte(_written, _accessed))
_SECURITY = _insert(
    tables.security_events,
    "tenant_id severity event_category description detection_method action_taken",
)
_OUTBOX = _insert(tables.outbox, "tenant_id topic key payload")


class PostgresUnit:
    """`scope.Unit` on PostgreSQL. Repositories hang on it lazily, by name."""

    def __init__(
        self, connection: Connection, tenant: Tenant, principal: Principal, vault: TenantVault, now: datetime
    ) -> None:
        self.connection = connection
        self.tenant_id: UUID = tenant.id
        self.principal = principal
        self.vault = vault
        self.now = now
        self._audit: list[dict[str, Any]] = []
        self._security: list[Mapping[str, Any]] = []
        self._outbox: list[Mapping[str, Any]] = []
        self.notifies = False
        self._wakes: set[str] = set()
        self.committed = False

    @property
    def anoncreds(self) -> PostgresAnonCreds:
        """AnonCreds: the registry, exchanges, holdings."""
        return PostgresAnonCreds(self)

    @property
    def api_keys(self) -> ApiKeyRepository:
        """Keys of the admin API."""
        return ApiKeyRepository(self)

    @property
    def attempt_counters(self) -> AttemptCounterRepository:
        """How often something was guessed at."""
        return AttemptCounterRepository(self)

    @property
    def credential_configurations(self) -> CredentialConfigurationRepository:
        """What is issued, and how."""
        return CredentialConfigurationRepository(self)

    @property
    def credential_types(self) -> CredentialTypeRepository:
        """Types that credentials are issued by."""
        return CredentialTypeRepository(self)

    @property
    def signing_keys(self) -> SigningKeyRepository:
        """The tenant's own keys."""
        return SigningKeyRepository(self)

    @property
    def evidence(self) -> EvidenceRepository:
        """What was asked for before issuance."""
        return EvidenceRepository(self)

    @property
    def holdings(self) -> HoldingRepository:
        """Credentials that the tenant holds."""
        return HoldingRepository(self)

    @property
    def idempotency_keys(self) -> IdempotencyKeyRepository:
        """Keys that make a create happen once."""
        return IdempotencyKeyRepository(self)

    @property
    def trust_anchors(self) -> TrustAnchorRepository:
        """What the tenant believes."""
        return TrustAnchorRepository(self)

    @property
    def authenticators(self) -> AuthenticatorRepository:
        """Passkeys and upstream identities."""
        return AuthenticatorRepository(self)

    @property
    def authorizations(self) -> AuthorizationRepository:
        """Pushed requests, authorization sessions, codes, refresh tokens."""
        return AuthorizationRepository(self)

    @property
    def clients(self) -> ClientRepository:
        """Registered OAuth clients."""
        return ClientRepository(self)

    @property
    def identity_providers(self) -> IdentityProviderRepository:
        """Whom the tenant believes when a person signs in."""
        return IdentityProviderRepository(self)

    @property
    def people(self) -> PeopleRepository:
        """Users and their authenticators."""
        return PeopleRepository(self)

    @property
    def replay_marks(self) -> ReplayMarkRepository:
        """What was used once."""
        return ReplayMarkRepository(self)

    @property
    def conversations(self) -> ConversationRepository:
        """DIDComm threads and messages."""
        return ConversationRepository(self)

    @property
    def talks(self) -> TalkRepository:
        """DIDComm, read for its owner."""
        return TalkRepository(self)

    @property
    def connections(self) -> ConnectionRepository:
        """DIDComm relationships."""
        return ConnectionRepository(self)

    @property
    def mediations(self) -> MediationRepository:
        """Keylists and queues."""
        return MediationRepository(self)

    @property
    def dids(self) -> DidRepository:
        """Hosted DIDs, and peers' long ones."""
        return DidRepository(self)

    @property
    def statistics(self) -> StatisticsRepository:
        """Daily counts of what happened."""
        return StatisticsRepository(self)

    @property
    def audit_trail(self) -> AuditTrailRepository:
        """The logs and their seals."""
        return AuditTrailRepository(self)

    @property
    def archive(self) -> ArchiveRepository:
        """Retention policies and what left the database."""
        return ArchiveRepository(self)

    @property
    def compliance(self) -> ComplianceRepository:
        """What is demanded, and how it stands."""
        return ComplianceRepository(self)

    @property
    def quality(self) -> QualityRepository:
        """How good the tenant's data are."""
        return QualityRepository(self)

    @property
    def erasures(self) -> ErasureRepository:
        """Requests to be forgotten."""
        return ErasureRepository(self)

    @property
    def person_files(self) -> PersonFileRepository:
        """What is kept of a person."""
        return PersonFileRepository(self)

    @property
    def jobs(self) -> JobRepository:
        """What is to be done later, by the worker."""
        return JobRepository(self)

    @property
    def issuances(self) -> IssuanceRepository:
        """Offers and what follows."""
        return IssuanceRepository(self)

    @property
    def deferrals(self) -> DeferralRepository:
        """Requests that wait."""
        return DeferralRepository(self)

    @property
    def claim_records(self) -> ClaimRecordRepository:
        """Claims that were uploaded."""
        return ClaimRecordRepository(self)

    @property
    def issuance_policies(self) -> IssuancePolicyRepository:
        """Who may have what."""
        return IssuancePolicyRepository(self)

    @property
    def presentations(self) -> PresentationRepository:
        """Presentation requests and what came of them."""
        return PresentationRepository(self)

    @property
    def verification_policies(self) -> VerificationPolicyRepository:
        """What a verifier accepts."""
        return VerificationPolicyRepository(self)

    @property
    def dcql_queries(self) -> DcqlQueryRepository:
        """Named DCQL queries."""
        return DcqlQueryRepository(self)

    @property
    def status_evidence(self) -> StatusEvidenceRepository:
        """Status List Tokens that decided."""
        return StatusEvidenceRepository(self)

    @property
    def status_lists(self) -> StatusListRepository:
        """Places in status lists, and their bits."""
        return StatusListRepository(self)

    @property
    def upkeep(self) -> UpkeepRepository:
        """How well the database does."""
        return UpkeepRepository(self)

    @property
    def tenants(self) -> TenantRepository:
        """The control plane's statements."""
        return TenantRepository(self)

    @property
    def configuration(self) -> TenantConfigurationRepository:
        """How the tenant has set itself up."""
        return TenantConfigurationRepository(self)

    @property
    def tenant_limits(self) -> TenantLimitRepository:
        """Limits and tiers, as the control plane sets them."""
        return TenantLimitRepository(self)

    @property
    def usage(self) -> UsageRepository:
        """What is used of the tenant's limits."""
        return UsageRepository(self)

    def changes_catalogue(self) -> None:
        """Tell every process, when this commits, that the tenant's catalogue is to be read again."""
        self.notifies = True

    def wake(self, name: str) -> None:
        """Tell every process, when this commits, that something waits in the queue of that name: an id, no data."""
        self._wakes.add(name)

    def record(self, event: AuditEvent, *accesses: DataAccess) -> None:
        """Queue an audit row, and what personal data was opened for it; `commit` writes them."""
        EVENTS.count(event.type)
        row = {
            "id": uuid4(),
            "tenant_id": self.tenant_id,
            "actor_kind": self.principal.kind,
            "user_id": self.principal.id,
            "event_type": event.type,
            "resource_type": event.resource_type,
            "resource_id": event.resource_id,
            "action": event.action,
            "correlation_id": event.correlation,
            "metadata": dict(event.metadata),
            "accesses": [self._access(access) for access in accesses],
        }
        self._audit.append(row)

    def _access(self, access: DataAccess) -> dict[str, Any]:
        return {
            "subject_index": f"\\x{subject_index(self.vault, access.subject_key).hex()}",
            "data_classification": access.classification,
            "fields_accessed": list(access.fields),
            "purpose": access.purpose,
            "legal_basis": access.legal_basis,
            "user_consent": access.consent,
        }

    def queued_audit(self) -> list[dict[str, Any]]:
        """The audit rows so far, for a statement that writes them itself (`recording.recorded`)."""
        rows = [*self._audit]
        self._audit.clear()
        return rows

    def alarm(self, event: SecurityEvent) -> None:
        """Queue a security event; `commit` writes it."""
        self._security.append(
            {
                "tenant_id": self.tenant_id,
                "severity": event.severity,
                "event_category": event.category,
                "description": event.description,
                "detection_method": event.detection,
                "action_taken": event.action,
            }
        )

    def send(self, topic: str, key: str, payload: Mapping[str, Any]) -> None:
        """Queue an outbox row; `commit` writes it."""
        self._outbox.append({"tenant_id": self.tenant_id, "topic": topic, "key": key, "payload": dict(payload)})

    async def commit(self) -> None:
        """Write what was recorded and settle. A failed audit write fails the act."""
        if self._audit:
            opened = any(row["accesses"] for row in self._audit)
            await (_AUDIT_AND_ACCESS if opened else _AUDIT).value(self.connection, audit=self.queued_audit())
        for statement, rows in ((_SECURITY, self._security), (_OUTBOX, self._outbox)):
            if len(rows) == 1:
                await statement.run(self.connection, **rows[0])
            elif rows:
                await statement.many(self.connection, rows)
        if self.notifies:
            await self.connection.execute("SELECT pg_notify($1, $2)", CATALOGUE_CHANNEL, str(self.tenant_id))
        for name in sorted(self._wakes):
            await self.connection.execute("SELECT pg_notify($1, $2)", QUEUE_CHANNEL, name)
        await self.connection.execute("COMMIT")
        COMMITS.count()
        self.committed = True


_LOST = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InternalClientError, OSError)
"""How a connection ends that the server has cut."""


@asynccontextmanager
async def unit_of_work(
    pool: Pool,
    tenant: Tenant,
    principal: Principal,
    vault: TenantVault,
    clock: Callable[[], datetime],
    changed: Callable[[UUID], None] | None = None,
) -> AsyncIterator[PostgresUnit]:
    """Begin a transaction for the tenant.  The only place that sets the tenant; only a UUID object gets here.

    `changed` is told at once of a catalogue that this process has changed; the others hear of it by notice.
    """
    if not isinstance(tenant.id, UUID):
        raise TypeError("a unit of work needs a tenant")
    async with pool.acquire() as connection:
        unit = PostgresUnit(connection, tenant, principal, vault, clock())
        try:
            # One exchange for both; a UUID's text form needs no quoting.
            await connection.execute(f"BEGIN; SELECT set_config('app.current_tenant', '{tenant.id}', true)")
            yield unit
        except asyncpg.UniqueViolationError as error:
            raise Conflict(f"unique {error.constraint_name}") from None
        except asyncpg.TransactionRollbackError as error:  # what could not be put in order, and one of two in a ring
            raise Conflict(type(error).__name__) from None
        except asyncpg.CannotConnectNowError as error:  # and where a tenant was that has moved
            raise DatabaseGone(type(error).__name__) from None
        except _LOST as error:
            if tenant.database is None:
                raise
            raise DatabaseGone(type(error).__name__) from None  # its own: the others' is well
        finally:
            unit.connection = _ENDED
            if unit.committed and unit.notifies and changed:
                changed(tenant.id)
            if not unit.committed and not connection.is_closed() and connection.is_in_transaction():
                await connection.execute("ROLLBACK")

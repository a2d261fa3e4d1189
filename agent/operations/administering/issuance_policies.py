"""Who may have a credential and where its claims come from: policies by version, and configurations that go by them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.issuing.claims import compiled
from agent.operations.issuing.codes import webhook_secret
from agent.operations.verifying.dcql_queries import active_query
from agent.operations.verifying.policies import chosen
from agent.scope import Scope
from agent.scope.deferring import NewPolicy
from agent.scope.tenants import CredentialConfiguration, IssuancePolicy
from agent.tenancy import uuid7
from protocols.dcql import query as dcql
from protocols.errors import ProtocolError
from protocols.ports.sources import InvalidSettings


class InvalidPolicy(ProtocolError):
    """The policy cannot be what decides."""

    code = "invalid_policy"
    status = 422

    def __init__(self, member: str, why: str) -> None:
        super().__init__(f"{member}: {why}")
        self.fields = {member: [why]}


class NoSuchConfiguration(ProtocolError):
    """There is no such credential configuration."""

    code = "not_found"
    status = 404


@dataclass(frozen=True, slots=True)
class SetPolicy:
    """Request: a policy's next version, active at once.

    `fee` is `{"amount", "currency", "gate", "settings", "refuse"}`.

    `required_evidence` is `{"query" or "dcql_query", "match": [{"path", "claim", "credential"}], "same_key", "max_age",
    "refuse"}`; see `scope.tenants.RequiredEvidence`.
    """

    name: str
    claims: Mapping[str, Any] | None = None
    max_active: int | None = None
    cool_down: timedelta | None = None
    approval: bool = False
    interval: int = 60
    fee: Mapping[str, Any] | None = None
    required_evidence: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Configured:
    """Request: where a configuration's claims come from (None: offer or account) and its policy (None: none).

    `source` is `{"kind", "settings", "extra"}`; `changes` are members of `scope.administering.CredentialConfigurations`
    to set. One that is not active is retired: neither offered nor advertised, and what was begun goes on to its end.
    """

    credential_configuration_id: str
    source: Mapping[str, Any] | None = None
    policy: str | None = None
    named: frozenset[str] = field(default_factory=frozenset)
    """Which of the two to set; what is not named stays."""
    changes: Mapping[str, Any] = field(default_factory=dict)


async def set_policy(scope: Scope, request: SetPolicy) -> tuple[UUID, int]:
    """(id, version). Raises InvalidPolicy, Conflict when another version was first."""
    if request.required_evidence is not None:
        await _require_evidence(scope, request.required_evidence)
    _require_schema(request.claims)
    fee = request.fee
    if fee is not None:
        _require_settings(scope, "payment_gates", fee["gate"], fee["settings"], "fee")
    new = NewPolicy(
        id=uuid7(scope.now(), scope.entropy(10)),
        issuer_id=scope.catalogue.issuer_id,
        name=request.name,
        claims=request.claims,
        max_active=request.max_active,
        cool_down=request.cool_down,
        approval=request.approval,
        interval=request.interval,
        evidence=request.required_evidence,
        fee=None if fee is None else {**fee, "gate": {"kind": fee["gate"], "settings": dict(fee["settings"])}},
    )
    async with scope.unit() as unit:
        version: int = await unit.issuance_policies.activate(new)
        unit.record(AuditEvent("policy.activated", "issuance_policy", new.id, "update", None, {"version": version}))
        unit.changes_catalogue()
        await unit.commit()
    return new.id, version


async def list_policies(scope: Scope, _request: None) -> Sequence[IssuancePolicy]:
    """Those that are active."""
    async with scope.unit() as unit:
        found: Sequence[IssuancePolicy] = await unit.issuance_policies.all()
    return found


async def configure_credential(scope: Scope, request: Configured) -> None:
    """Raises NoSuchConfiguration, InvalidPolicy."""
    configuration = _configuration(scope, request.credential_configuration_id)
    changes: dict[str, Any] = dict(request.changes)
    if "source" in request.named:
        changes["claim_source"] = _source(scope, request.source)
    if "policy" in request.named:
        if request.policy is not None and request.policy not in [one.name for one in await list_policies(scope, None)]:
            raise InvalidPolicy("policy", "no active policy of this name")
        changes["policy_name"] = request.policy
    if changes.get("key_attestations_required") is not None:
        _require_attestable(scope, configuration)
    if not changes:
        return
    async with scope.unit() as unit:
        await unit.credential_configurations.change(configuration.id, changes)
        metadata = {"source": changes.get("claim_source", {}).get("kind"), "set": sorted(changes)}
        unit.record(
            AuditEvent(
                *("configuration.changed", "credential_configuration", configuration.id, "update", None), metadata
            )
        )
        unit.changes_catalogue()
        await unit.commit()


def read_webhook_secret(scope: Scope, credential_configuration_id: str) -> bytes:
    """What signs requests for this configuration's claims, by its newest version. Raises NoSuchConfiguration."""
    configuration = _configuration(scope, credential_configuration_id)
    source = configuration.claim_source
    version = source.settings.get("secret_version", 1) if source else 1
    return webhook_secret(scope.vault, configuration.id, version)


def _configuration(scope: Scope, name: str) -> CredentialConfiguration:
    found = scope.catalogue.configuration(name)
    if found is None:
        raise NoSuchConfiguration()
    return found


def _source(scope: Scope, source: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if source is None:
        return {}
    _require_settings(scope, "claim_sources", source["kind"], source["settings"], "claim_source")
    return {"kind": source["kind"], "settings": dict(source["settings"]), "drop_unnamed": source["extra"] == "drop"}


async def _require_evidence(scope: Scope, evidence: Mapping[str, Any]) -> None:
    """A query that somebody here can ask, and rules about credentials that it asks for."""
    try:
        query = evidence.get("dcql_query") or (await active_query(scope, evidence["query"])).dcql_query
        asked = dcql.parse(query)
        chosen(scope, evidence.get("verification_policy"))
    except ProtocolError as error:
        raise InvalidPolicy("required_evidence", error.description) from None
    if any(one.format not in scope.plugins["credential_formats"] for one in asked.credentials):
        raise InvalidPolicy("required_evidence", "a credential format of the query is not known")
    named = {one.get("credential") for one in evidence.get("match", ())} - {None}
    if not named <= {one.id for one in asked.credentials}:
        raise InvalidPolicy("required_evidence", "match names a credential that is not asked for")


def _require_attestable(scope: Scope, configuration: CredentialConfiguration) -> None:
    known = scope.plugins["key_proofs"]
    if not any(getattr(known.get(name), "attestable", True) for name in configuration.proof_types):
        raise InvalidPolicy("key_attestations_required", "no proof type carries one")


def _require_schema(schema: Mapping[str, Any] | None) -> None:
    if schema is None:
        return
    try:
        compiled(schema)
    except ValueError:
        raise InvalidPolicy("claims", "not a JSON Schema that stands alone") from None


def _require_settings(scope: Scope, family: str, kind: str, settings: Mapping[str, Any], member: str) -> None:
    plugin = scope.plugins[family].get(kind)
    if plugin is None:
        raise InvalidPolicy(member, f"there are {', '.join(sorted(scope.plugins[family]))}")
    try:
        plugin.require_settings(settings)
    except InvalidSettings as error:
        raise InvalidPolicy(member, f"settings: {error}") from None

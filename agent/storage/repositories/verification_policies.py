"""Verification policies: a version is a row, fixed once it is no draft."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, insert, select, update

from agent.scope.policies import LEGAL_BASIS, PURPOSE, PolicyRules, Revocation, VerificationPolicy
from agent.storage.statements import Row, Statement
from agent.storage.tables import verification_policies

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_p = verification_policies.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_named = (_p.tenant_id == _TENANT, _p.verifier_id == bindparam("verifier"), _p.policy_name == bindparam("name"))
_one = (_p.tenant_id == _TENANT, _p.id == bindparam("id_"))
_NEXT = Statement(select(func.coalesce(func.max(_p.version), 0) + 1).where(*_named))
_COLUMNS = (
    *("id", "verifier_id", "policy_name", "version", "acceptance_rules", "required_fields"),
    *("max_credential_age_days", "check_revocation", "revocation_mode", "trust_list"),
)
_ADD = Statement(
    insert(verification_policies).values(
        tenant_id=_TENANT, state="draft", **{name: bindparam(name) for name in _COLUMNS}
    )
)
_RETIRE = Statement(
    update(verification_policies).where(*_named, _p.state == "active").values(state="retired", retired_at=func.now())
)
_ACTIVATE = Statement(
    update(verification_policies)
    .where(*_one, _p.state == "draft")
    .values(state="active", activated_at=func.now())
    .returning(_p.id)
)
_GET = Statement(select(verification_policies).where(*_one))
_ALL = Statement(select(verification_policies).where(_p.tenant_id == _TENANT).order_by(_p.policy_name, _p.version))
ACTIVE = Statement(
    select(verification_policies).where(_p.tenant_id == _TENANT, _p.state == "active").order_by(_p.policy_name)
)


class VerificationPolicyRepository:
    """`scope.policies.VerificationPolicies`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    def _with(self, **values: Any) -> dict[str, Any]:
        return {"tenant": self._unit.tenant_id, **values}

    async def draft(self, verifier: UUID, policy: VerificationPolicy) -> int:
        """Two at once: one of them meets the other's version, and is a Conflict."""
        connection, rules = self._unit.connection, policy.rules
        version: int = await _NEXT.value(connection, **self._with(verifier=verifier, name=policy.name))
        await _ADD.run(
            connection,
            **self._with(
                id=policy.id,
                verifier_id=verifier,
                policy_name=policy.name,
                version=version,
                acceptance_rules={
                    "types": list(rules.types),
                    "formats": list(rules.formats),
                    "algorithms": list(rules.algorithms),
                    "keep": rules.keep,
                    "purpose": rules.purpose,
                    "legal_basis": rules.legal_basis,
                    "schemas": dict(rules.schemas),
                    "status_required": rules.revocation == "mandatory",
                    "short_lived_hours": rules.short_lived_hours,
                    "certificates": rules.certificates,
                    "credential_schemas": rules.credential_schemas,
                    "type_metadata": rules.type_metadata,
                },
                required_fields=list(rules.claims),
                max_credential_age_days=rules.max_age_days,
                check_revocation=rules.revocation != "off",
                revocation_mode="best_effort" if rules.revocation == "best_effort" else "mandatory",
                trust_list=list(rules.trust_list),
            ),
        )
        return version

    async def activate(self, verifier: UUID, policy: UUID) -> VerificationPolicy | None:
        """Retire first: of one name one version is active, and the index says so."""
        found = await self.get(policy)
        if found is None or found.state != "draft":
            return None
        connection = self._unit.connection
        await _RETIRE.run(connection, **self._with(verifier=verifier, name=found.name))
        if await _ACTIVATE.value(connection, **self._with(id_=policy)) is None:
            return None
        return replace(found, state="active")

    async def get(self, policy: UUID) -> VerificationPolicy | None:
        """The version of this id, whatever its state."""
        row = await _GET.row(self._unit.connection, **self._with(id_=policy))
        return policy_of(row) if row else None

    async def all(self) -> Sequence[VerificationPolicy]:
        """Every version of every name."""
        return [policy_of(row) for row in await _ALL.rows(self._unit.connection, **self._with())]


def policy_of(row: Row) -> VerificationPolicy:
    """A row as a value."""
    accepted = row["acceptance_rules"]
    rules = PolicyRules(
        types=tuple(accepted.get("types", ())),
        formats=tuple(accepted.get("formats", ())),
        algorithms=tuple(accepted.get("algorithms", ())),
        claims=tuple(row["required_fields"]),
        max_age_days=row["max_credential_age_days"],
        revocation=_revocation(row),
        short_lived_hours=accepted.get("short_lived_hours"),
        trust_list=tuple(row["trust_list"]),
        keep=accepted.get("keep", "presentation"),
        purpose=accepted.get("purpose", PURPOSE),
        legal_basis=accepted.get("legal_basis", LEGAL_BASIS),
        schemas=accepted.get("schemas", {}),
        certificates=accepted.get("certificates", "if_present"),
        credential_schemas=accepted.get("credential_schemas", "best_effort"),
        type_metadata=accepted.get("type_metadata", "off"),
    )
    return VerificationPolicy(row["id"], row["policy_name"], row["version"], row["state"], rules)


def _revocation(row: Row) -> Revocation:
    """A version that was stored before a status could be demanded goes on not to demand one."""
    if not row["check_revocation"]:
        return "off"
    if row["revocation_mode"] == "best_effort":
        return "best_effort"
    return "mandatory" if row["acceptance_rules"].get("status_required") else "if_present"

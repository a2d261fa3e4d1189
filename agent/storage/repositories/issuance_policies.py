"""Issuance policies: a version is a row, fixed once it is active."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, insert, select, update

from agent.scope.deferring import NewPolicy
from agent.scope.tenants import Choice, ClaimMatch, Fee, IssuancePolicy, RequiredEvidence
from agent.storage.statements import Row, Statement
from agent.storage.tables import issuance_policies

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_p = issuance_policies.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_named = (_p.tenant_id == _TENANT, _p.issuer_id == bindparam("issuer"), _p.policy_name == bindparam("name"))
_RETIRE = Statement(
    update(issuance_policies).where(*_named, _p.state == "active").values(state="retired", retired_at=func.now())
)
_NEXT = Statement(select(func.coalesce(func.max(_p.version), 0) + 1).where(*_named))
_ADD = Statement(
    insert(issuance_policies).values(
        tenant_id=_TENANT,
        state="active",
        activated_at=func.now(),
        **{
            name: bindparam(name)
            for name in (
                *("id", "issuer_id", "policy_name", "version", "eligibility_criteria", "approval_workflow"),
                "required_evidence",
                *("requires_payment", "fee_amount", "fee_currency", "payment_gate"),
            )
        },
    )
)
ACTIVE = Statement(
    select(issuance_policies).where(_p.tenant_id == _TENANT, _p.state == "active").order_by(_p.policy_name)
)


class IssuancePolicyRepository:
    """`scope.deferring.IssuancePolicies`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def _run(self, statement: Statement, **values: Any) -> int:
        return await statement.run(self._unit.connection, tenant=self._unit.tenant_id, **values)

    async def activate(self, policy: NewPolicy) -> int:
        """The version before retires; two at once meet at the unique version."""
        named = {"issuer": policy.issuer_id, "name": policy.name}
        await self._run(_RETIRE, **named)
        version: int = await _NEXT.value(self._unit.connection, tenant=self._unit.tenant_id, **named)
        fee = policy.fee
        await self._run(
            _ADD,
            id=policy.id,
            issuer_id=policy.issuer_id,
            policy_name=policy.name,
            version=version,
            eligibility_criteria=_criteria(policy),
            approval_workflow={"required": policy.approval, "interval": policy.interval},
            required_evidence=[dict(policy.evidence)] if policy.evidence else [],
            requires_payment=fee is not None,
            fee_amount=Decimal(fee["amount"]) if fee else None,
            fee_currency=fee["currency"] if fee else None,
            payment_gate={**fee["gate"], "refuse": fee["refuse"]} if fee else {},
        )
        return version

    async def all(self) -> Sequence[IssuancePolicy]:
        """Those that are active."""
        return [policy_of(row) for row in await ACTIVE.rows(self._unit.connection, tenant=self._unit.tenant_id)]


def _criteria(policy: NewPolicy) -> dict[str, Any]:
    found = {
        "claims": policy.claims,
        "max_active": policy.max_active,
        "cool_down": int(policy.cool_down.total_seconds()) if policy.cool_down else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def policy_of(row: Row) -> IssuancePolicy:
    """A row as the catalogue knows it."""
    criteria: Mapping[str, Any] = row["eligibility_criteria"]
    workflow: Mapping[str, Any] = row["approval_workflow"]
    seconds = criteria.get("cool_down")
    return IssuancePolicy(
        id=UUID(str(row["id"])),
        name=row["policy_name"],
        version=row["version"],
        claims=criteria.get("claims"),
        max_active=criteria.get("max_active"),
        cool_down=timedelta(seconds=seconds) if seconds else None,
        approval=bool(workflow.get("required")),
        interval=workflow.get("interval", 60),
        fee=_fee(row) if row["requires_payment"] else None,
        evidence=_evidence(row["required_evidence"][0]) if row["required_evidence"] else None,
    )


def _evidence(stored: Mapping[str, Any]) -> RequiredEvidence:
    rules = (
        ClaimMatch(tuple(one["path"]), tuple(one["claim"]), one.get("credential")) for one in stored.get("match", ())
    )
    return RequiredEvidence(
        query=stored.get("query"),
        dcql_query=stored.get("dcql_query"),
        match=tuple(rules),
        same_key=stored.get("same_key", False),
        max_age=timedelta(seconds=stored["max_age"]),
        refuse=stored.get("refuse", False),
        verification_policy=stored.get("verification_policy"),
    )


def _fee(row: Row) -> Fee:
    gate = row["payment_gate"]
    amount = f"{row['fee_amount'].normalize():f}"
    return Fee(amount, row["fee_currency"], Choice(gate["kind"], gate.get("settings", {})), gate.get("refuse", False))

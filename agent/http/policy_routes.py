"""The admin API's rows for issuance policies, claim sources, uploaded claims, approvals and payments."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.http import policy_schemas as schemas
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.administering.approvals import (
    PAGE,
    Approve,
    Deny,
    approve_issuance,
    deny_issuance,
    list_approvals,
    record_payment,
    show_approval,
)
from agent.operations.administering.claim_table import UploadTable, remove_table, upload_table
from agent.operations.administering.issuance_policies import (
    SetPolicy,
    list_policies,
    set_policy,
)
from agent.scope.deferring import DeferralListing, KeptRequest
from agent.scope.tenants import IssuancePolicy, RequiredEvidence
from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, Route, json_reply


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("not an id") from None


def _shown(value: Any, status: int = 200) -> Reply:
    return json_reply(value, status, NO_STORE)


def _nothing(_call: Call) -> None:
    return None


def _done(_: object) -> Reply:
    return Reply(204)


# -------------------------------------------------------------------------------------------------------- approvals
def _cursor(call: Call) -> UUID:
    after = call.query_parameters().get("after")
    return _uuid(after) if after else UUID(int=0)


def _approval(call: Call) -> UUID:
    return _uuid(call.path["approval"])


def _approve(call: Call) -> Approve:
    return Approve(_approval(call), schemas.ApproveBody.read(call)["claims"])


def _deny(call: Call) -> Deny:
    return Deny(_approval(call), schemas.DenyBody.read(call)["reason"])


def _listing(one: DeferralListing) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "issuance_id": str(one.issuance_id),
        "credential_configuration_id": one.credential_configuration_id,
        "state": one.state,
        "waiting_for": list(one.waiting_for),
        "reason": one.reason,
        "created_at": one.created_at,
        "expires_at": one.expires_at,
    }


def _approvals(found: Sequence[DeferralListing]) -> Reply:
    return _shown(
        {"items": [_listing(one) for one in found], "next": str(found[-1].id) if len(found) == PAGE else None}
    )


def _one_approval(found: tuple[DeferralListing, KeptRequest]) -> Reply:
    listing, request = found
    return _shown({**_listing(listing), "claims": request.claims, "credentials": len(request.holders)})


# --------------------------------------------------------------------------------------------------------- policies
def _policy(call: Call) -> SetPolicy:
    body = schemas.IssuancePolicyBody.read(call)
    return SetPolicy(
        name=body["name"],
        claims=body["claims"],
        max_active=body["max_active"],
        cool_down=timedelta(seconds=body["cool_down"]) if body["cool_down"] else None,
        approval=body["approval"],
        interval=body["interval"],
        fee=body["fee"],
        required_evidence=body["required_evidence"],
    )


def _policy_made(made: tuple[UUID, int]) -> Reply:
    return _shown({"id": str(made[0]), "version": made[1]}, 201)


def _evidence(one: RequiredEvidence) -> dict[str, Any]:
    asked: dict[str, Any] = {"query": one.query} if one.query else {"dcql_query": one.dcql_query}
    if one.verification_policy:
        asked["verification_policy"] = one.verification_policy
    rules: list[dict[str, Any]] = [{"path": list(rule.path), "claim": list(rule.claim)} for rule in one.match]
    for told, rule in zip(rules, one.match, strict=True):
        if rule.credential:
            told["credential"] = rule.credential
    seconds = int(one.max_age.total_seconds())
    return {**asked, "match": rules, "same_key": one.same_key, "max_age": seconds, "refuse": one.refuse}


def _policies(found: Sequence[IssuancePolicy]) -> Reply:
    items = [
        {
            "id": str(one.id),
            "name": one.name,
            "version": one.version,
            "claims": one.claims,
            "max_active": one.max_active,
            "cool_down": int(one.cool_down.total_seconds()) if one.cool_down else None,
            "approval": one.approval,
            "interval": one.interval,
            "required_evidence": None if one.evidence is None else _evidence(one.evidence),
            "fee": None
            if one.fee is None
            else {
                "amount": one.fee.amount,
                "currency": one.fee.currency,
                "gate": one.fee.gate.kind,
                "settings": dict(one.fee.gate.settings),
                "refuse": one.fee.refuse,
            },
        }
        for one in found
    ]
    return _shown({"items": items, "next": None})


# ---------------------------------------------------------------------------------------------------- uploaded claims
def _table(call: Call) -> UploadTable:
    if call.media_type != "text/csv":
        raise Malformed("content type is not text/csv")
    return UploadTable(call.path["table"], call.body)


def _rows(count: int) -> Reply:
    return _shown({"rows": count})


def rows() -> tuple[Route, ...]:
    """Without the base path, which `admin_routes` puts before them."""
    s = scopes
    return (
        Route("GET", "/approvals", s.APPROVALS_READ, _cursor, list_approvals, _approvals),
        Route("GET", "/approvals/{approval}", s.APPROVALS_READ, _approval, show_approval, _one_approval),
        Route("POST", "/approvals/{approval}/approve", s.APPROVALS_WRITE, _approve, approve_issuance, _done),
        Route("POST", "/approvals/{approval}/deny", s.APPROVALS_WRITE, _deny, deny_issuance, _done),
        Route(
            "PUT",
            "/credential-offers/{issuance}/payment",
            s.PAYMENTS_WRITE,
            lambda call: _uuid(call.path["issuance"]),
            record_payment,
            _done,
        ),
        Route("POST", "/issuance-policies", s.ISSUER_WRITE, _policy, set_policy, _policy_made),
        Route("GET", "/issuance-policies", s.ISSUER_WRITE, _nothing, list_policies, _policies),
        Route("PUT", "/claim-tables/{table}", s.CLAIMS_WRITE, _table, upload_table, _rows),
        Route("DELETE", "/claim-tables/{table}", s.CLAIMS_WRITE, lambda call: call.path["table"], remove_table, _rows),
    )

"""Presentation requests: answered once, by a guarded statement; what was disclosed rests sealed."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agent.encryption.sealing import DataKey
from agent.scope import Conflict
from agent.scope.policies import Remembered
from agent.scope.verifying import (
    IgnoredAnswer,
    NewPresentationRequest,
    OpenRequest,
    PresentationResult,
    RequestTerms,
    Verdict,
    name_of,
)
from agent.storage.queries import presentations as q
from agent.storage.statements import Row, Statement
from agent.tenancy import time_of
from protocols.encoding import parse_json, parse_json_object, render_json

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_RESULTS = "verification_results"
_NEAR = timedelta(seconds=2)


class PresentationRepository:
    """`scope.verifying.Presentations`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, request: NewPresentationRequest) -> None:
        """Insert; of nonce and state only hashes."""
        unit = self._unit
        key = None
        if request.encryption_key is not None:
            key = unit.vault.seal(
                "presentation_requests", "encryption_key_ref", request.id, render_json(dict(request.encryption_key))
            )
        await q.ADD.row(
            unit.connection,
            tenant=unit.tenant_id,
            id=request.id,
            verifier_id=request.verifier_id,
            query_id=request.query_id,
            policy_id=request.policy_id,
            request_id=str(request.id),
            requested_credentials=dict(request.dcql_query),
            constraints=_written(request.terms),
            client_id_prefix=request.client_id_prefix,
            response_mode=request.response_mode,
            challenge_hash=request.nonce_hash,
            state_hash=request.state_hash,
            transaction_data_sealed=self._sealed_transactions(request),
            encryption_key_ref=key,
            domain=request.client_id,
            created_at=unit.now,
            expires_at=request.expires_at,
            audit=unit.queued_audit(),
        )

    def _sealed_transactions(self, request: NewPresentationRequest) -> bytes | None:
        if not request.transaction_data:
            return None
        data = render_json(list(request.transaction_data))
        return self._unit.vault.seal("presentation_requests", "transaction_data_sealed", request.id, data)

    async def open(self, request: UUID) -> OpenRequest | None:
        """The waiting request, its key opened."""
        return await self._read(q.OPEN, request)

    async def fetch(self, request: UUID) -> OpenRequest | None:
        """The waiting request, marked as fetched; a second fetch changes nothing."""
        return await self._read(q.FETCH, request)

    async def begin(self, request: UUID, browser_hash: bytes) -> OpenRequest | None:
        """The waiting request, from now on of this browser alone."""
        return await self._read(q.BEGIN, request, browser=browser_hash)

    async def _read(self, statement: Statement, request: UUID, **values: Any) -> OpenRequest | None:
        unit = self._unit
        row = await statement.row(unit.connection, tenant=unit.tenant_id, id_=request, now=unit.now, **values)
        if row is None:
            return None
        key = self._unsealed(row, "encryption_key_ref")
        transactions = self._unsealed(row, "transaction_data_sealed")
        return OpenRequest(
            id=row["id"],
            dcql_query=row["requested_credentials"],
            client_id_prefix=row["client_id_prefix"],
            response_mode=row["response_mode"],
            client_id=row["domain"],
            encryption_key=parse_json_object(key) if key else None,
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            version=row["row_version"],
            terms=_read_terms(row["constraints"]),
            transaction_data=tuple(parse_json(transactions)) if transactions else (),
            browser_hash=row["browser_hash"],
            policy_id=row["policy_id"],
        )

    def _unsealed(self, row: Any, column: str) -> bytes | None:
        sealed = row[column]
        if sealed is None:
            return None
        return self._unit.vault.open("presentation_requests", column, row["id"], sealed)

    async def ignore(self, answer: IgnoredAnswer) -> None:
        """One statement; of very many only the first are kept."""
        unit = self._unit
        await q.IGNORE.value(
            unit.connection,
            tenant=unit.tenant_id,
            id_=answer.request,
            now=answer.at,
            answer=answer.id,
            verifier=answer.verifier_id,
            reasons=[answer.reason],
            answer_hash=answer.answer_hash,
            answer_size=answer.answer_size,
            report=self._sealed_report(answer.id, answer.report),
            audit=unit.queued_audit(),
        )

    async def redeem(self, request: UUID, response_code_hash: bytes, browser_hash: bytes | None) -> bool:
        """One statement: the code is good once, in one browser."""
        unit = self._unit
        where = {"tenant": unit.tenant_id, "id_": request, "now": unit.now}
        found = await q.REDEEM.row(unit.connection, **where, code=response_code_hash, browser=browser_hash)
        if found is not None and found["watched"]:
            unit.wake(name_of(request))
        return found is not None

    async def watch(self, request: UUID) -> None:
        """From now on its end is told."""
        await q.WATCH.run(self._unit.connection, tenant=self._unit.tenant_id, id_=request)

    async def settle(self, verdict: Verdict) -> None:
        """One statement: only one answer gets past the request's state."""
        unit, valid = self._unit, verdict.state != "refused"
        key, wrapped = unit.vault.new_subject_key(verdict.presentation_id)
        moved = await q.SETTLE.row(
            unit.connection,
            tenant=unit.tenant_id,
            id_=verdict.request.id,
            now=verdict.at,
            new_state=verdict.state,
            response_code_hash=verdict.response_code_hash,
            valid=valid,
            presentation=verdict.presentation_id,
            presentation_name=str(verdict.presentation_id),
            sealed=self._sealed(verdict, key) if valid else None,
            wrapping_key=unit.vault.data_key_id,
            wrapped_key=wrapped,
            verifier=verdict.verifier_id,
            errors=list(verdict.errors),
            answer_hash=verdict.answer_hash,
            answer_size=verdict.answer_size,
            report=self._sealed_report(verdict.presentation_id, verdict.report, key),
            audit=unit.queued_audit(),
        )
        if moved is None:
            raise Conflict("presentation")
        if moved["watched"]:
            unit.wake(name_of(verdict.request.id))

    def _sealed(self, verdict: Verdict, key: DataKey) -> bytes:
        kept = [
            {
                "id": one.query_id,
                "format": one.format,
                "type": one.type,
                "issuer": one.issuer,
                "claims": dict(one.claims),
                "checks": list(one.checks),
                "presentation": one.presentation,
                "holder": one.holder,
            }
            for one in verdict.credentials
        ]
        vault = self._unit.vault
        return vault.seal("presentations", "presentation_sealed", verdict.presentation_id, render_json(kept), key)

    def _sealed_report(self, report_id: UUID, report: Mapping[str, Any], key: DataKey | None = None) -> bytes:
        return self._unit.vault.seal(_RESULTS, "checks_sealed", report_id, render_json(dict(report)), key)

    def _opened_report(self, row: Row) -> Mapping[str, Any]:
        key = self._key(row)
        return parse_json_object(self._unit.vault.open(_RESULTS, "checks_sealed", row["id"], row["checks_sealed"], key))

    def _key(self, row: Row) -> DataKey | None:
        """The answer's own; None for an answer without."""
        return self._unit.vault.subject_key(row["key"], row["wrapped_key"]) if row["key"] else None

    async def report(self, report: UUID) -> Mapping[str, Any] | None:
        """By its own id, which says when it was made, or the deciding one of a request."""
        unit, made = self._unit, time_of(report)
        times = {"from_": made - _NEAR, "until": made + _NEAR}
        row = await q.REPORT.row(unit.connection, tenant=unit.tenant_id, id_=report, **times)
        if row is not None and _readable(row):
            return self._opened_report(row)
        deciding = [one for one in await self._reports(report) if not one["ignored"]]
        return self._opened_report(deciding[-1]) if deciding else None

    async def reports(self, request: UUID) -> Sequence[Mapping[str, Any]]:
        """All of a request, in their order."""
        return [self._opened_report(row) for row in await self._reports(request)]

    async def remembered(self, report: UUID) -> Remembered | None:
        """A presentation has its report's id."""
        found = await self.report(report)
        row = await q.REMEMBERED.row(self._unit.connection, tenant=self._unit.tenant_id, id_=report)
        return Remembered(found, self._kept(report, row)) if found is not None and row is not None else None

    async def accepted(self, limit: int) -> Sequence[Remembered]:
        """Both opened."""
        unit = self._unit
        rows = await q.ACCEPTED.rows(unit.connection, tenant=unit.tenant_id, limit_=limit)
        return [Remembered(self._opened_report(row), self._kept(row["presentation"], row)) for row in rows]

    def _kept(self, presentation: UUID, row: Row) -> list[dict[str, Any]]:
        where = ("presentations", "presentation_sealed", presentation, row["presentation_sealed"])
        found: list[dict[str, Any]] = parse_json(self._unit.vault.open(*where, self._key(row)))
        return found

    async def _reports(self, request: UUID) -> Sequence[Row]:
        rows = await q.REPORTS.rows(self._unit.connection, tenant=self._unit.tenant_id, id_=request)
        return [row for row in rows if _readable(row)]

    async def keys(self, request: UUID) -> tuple[UUID, ...]:
        """Of each answer that was judged; none of what was erased."""
        rows = await q.KEYS.rows(self._unit.connection, tenant=self._unit.tenant_id, id_=request)
        return tuple(row[0] for row in rows)

    async def link(self, request: UUID, person: UUID) -> bool:
        """One statement; the last word counts."""
        unit = self._unit
        return bool(await q.LINK.run(unit.connection, tenant=unit.tenant_id, id_=request, person=person))

    async def result(self, request: UUID, disclosed: bool = True) -> PresentationResult | None:
        """State, errors and, once verified, the disclosed claims, if they are asked for."""
        unit, where = self._unit, {"tenant": self._unit.tenant_id, "id_": request}
        row = await q.STATE.row(unit.connection, **where)
        if row is None:
            return None
        unfinished = row["state"] in q.WAITING or row["state"] == "answered"
        state = "expired" if unfinished and row["expires_at"] <= unit.now else row["state"]
        errors = await q.ERRORS.value(unit.connection, **where) if state == "refused" else []
        credentials, key = [], None
        if state == "verified" and disclosed:
            kept = await q.DISCLOSED.row(unit.connection, **where)
            if kept and kept["presentation_sealed"]:
                credentials, key = [_without_presentation(one) for one in self._kept(kept["id"], kept)], kept["id"]
        holders = [one.pop("holder", None) for one in credentials]
        ignored = [one["reason"] for one in await q.IGNORED.rows(unit.connection, **where)]
        terms = _read_terms(row["constraints"])
        return PresentationResult(
            id=row["id"],
            state=state,
            errors=tuple(errors or ()),
            credentials=credentials,
            expires_at=row["expires_at"],
            flow=_flow(row),
            ignored=tuple(ignored),
            redirect_uri=terms.redirect_uri,
            verified_at=row["consumed_at"] if state == "verified" else None,
            holders=tuple(one for one in holders if one),
            key=key,
            purpose=terms.purpose,
            legal_basis=terms.legal_basis,
        )


def _readable(row: Row) -> bool:
    """A report was kept, and its key was not destroyed."""
    return bool(row["checks_sealed"]) and row["destroyed_at"] is None


def _without_presentation(kept: dict[str, Any]) -> dict[str, Any]:
    """What was disclosed; the presentation itself is for evidence."""
    return {name: value for name, value in kept.items() if name != "presentation"}


def _written(terms: RequestTerms) -> dict[str, Any]:
    return {name: value for name in RequestTerms.__slots__ if (value := getattr(terms, name))}


def _read_terms(stored: Any) -> RequestTerms:
    read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    return RequestTerms(**read)


def _flow(row: Any) -> str:
    """How far the answer is bound to who asked."""
    if row["response_mode"].startswith("dc_api"):
        return "digital_credentials_api"
    bound = row["browser_hash"] is not None or row["constraints"].get("redirect_uri")
    return "same_device" if bound else "cross_device"

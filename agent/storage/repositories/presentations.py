"""Presentation requests: answered once, by a guarded statement; what was disclosed rests sealed."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    LargeBinary,
    Text,
    Uuid,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from agent.scope import Conflict
from agent.scope.verifying import (
    IgnoredAnswer,
    NewPresentationRequest,
    OpenRequest,
    PresentationResult,
    RequestTerms,
    Verdict,
)
from agent.storage import tables
from agent.storage.recording import recorded
from agent.storage.statements import Statement
from protocols.encoding import parse_json, parse_json_object, render_json

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_r, _p, _v = tables.presentation_requests.c, tables.presentations.c, tables.verification_results.c
_TENANT: Any = bindparam("tenant", type_=Uuid())
_WAITING = ("created", "fetched")
_waits = or_(_r.state == "created", _r.state == "fetched")


def _values(names: str) -> dict[str, Any]:
    return {name: bindparam(name) for name in names.split()}


_asked = (
    insert(tables.presentation_requests)
    .values(
        tenant_id=_TENANT,
        **_values(
            "id verifier_id query_id request_id requested_credentials constraints client_id_prefix response_mode "
            "challenge_hash state_hash transaction_data_sealed encryption_key_ref domain created_at expires_at"
        ),
    )
    .returning(_r.id)
    .cte("act")
)
_ADD = Statement(select(_asked.c.id).add_cte(*recorded(_asked)))
_open_columns = (
    _r.id,
    _r.requested_credentials,
    _r.constraints,
    _r.client_id_prefix,
    _r.response_mode,
    _r.domain,
    _r.encryption_key_ref,
    _r.transaction_data_sealed,
    _r.browser_hash,
    _r.created_at,
    _r.expires_at,
    _r.row_version,
)
_is_open = (_r.tenant_id == _TENANT, _r.id == bindparam("id_"), _waits, _r.expires_at > bindparam("now"))
_OPEN = Statement(select(*_open_columns).where(*_is_open))
_FETCH = Statement(
    update(tables.presentation_requests)
    .where(*_is_open)
    .values(state="fetched", fetched_at=func.coalesce(_r.fetched_at, bindparam("now")))
    .returning(*_open_columns)
)
_BEGIN = Statement(
    update(tables.presentation_requests)
    .where(*_is_open, or_(_r.browser_hash.is_(None), _r.browser_hash == bindparam("browser", type_=LargeBinary())))
    .values(browser_hash=bindparam("browser", type_=LargeBinary()))
    .returning(*_open_columns)
)
_moved = (
    update(tables.presentation_requests)
    .where(*_is_open)
    .values(
        state=bindparam("new_state"),
        consumed_at=bindparam("now"),
        encryption_key_ref=None,
        response_code_hash=bindparam("response_code_hash"),
    )
    .returning(_r.id)
    .cte("act")
)
_valid = bindparam("valid", type_=Boolean())
_presented = (
    insert(tables.presentations)
    .from_select(
        [
            "tenant_id",
            "id",
            "role",
            "request_id",
            "presentation_id",
            "presentation_sealed",
            "presentation_hash",
            "presented_at",
        ],
        select(
            _TENANT,
            bindparam("presentation", type_=Uuid()),
            literal("verifier"),
            _moved.c.id,
            bindparam("presentation_name", type_=Text()),
            bindparam("sealed", type_=LargeBinary()),
            bindparam("answer_hash", type_=LargeBinary()),
            bindparam("now", type_=DateTime(timezone=True)),
        )
        .select_from(_moved)
        .where(_valid),
    )
    .cte("presented")
)
_judged = (
    insert(tables.verification_results)
    .from_select(
        [
            "tenant_id",
            "verified_at",
            "id",
            "request_id",
            "presentation_id",
            "verifier_id",
            "is_valid",
            "errors",
            "answer_hash",
            "answer_size",
        ],
        select(
            _TENANT,
            bindparam("now", type_=DateTime(timezone=True)),
            bindparam("presentation", type_=Uuid()),
            _moved.c.id,
            case((_valid, bindparam("presentation", type_=Uuid())), else_=null()),
            bindparam("verifier", type_=Uuid()),
            _valid,
            bindparam("errors", type_=ARRAY(Text())),
            bindparam("answer_hash", type_=LargeBinary()),
            bindparam("answer_size", type_=BigInteger()),
        ).select_from(_moved),
    )
    .cte("judged")
)
_SETTLE = Statement(select(_moved.c.id).add_cte(_presented, _judged, *recorded(_moved)))
_REDEEM = Statement(
    update(tables.presentation_requests)
    .where(
        _r.tenant_id == _TENANT,
        _r.id == bindparam("id_"),
        _r.state == "answered",
        _r.expires_at > bindparam("now"),
        _r.response_code_hash == bindparam("code", type_=LargeBinary()),
        _r.browser_hash.is_not_distinct_from(bindparam("browser", type_=LargeBinary())),
    )
    .values(state="verified", response_code_hash=None)
    .returning(_r.id)
)
_MOST_IGNORED = 20
_of_request = (_v.tenant_id == _TENANT, _v.request_id == bindparam("id_", type_=Uuid()))
_earlier = select(func.count()).where(*_of_request).scalar_subquery()
_ignored = (
    insert(tables.verification_results)
    .from_select(
        [
            "tenant_id",
            "verified_at",
            "id",
            "request_id",
            "verifier_id",
            "is_valid",
            "warnings",
            "answer_hash",
            "answer_size",
        ],
        select(
            _TENANT,
            bindparam("now", type_=DateTime(timezone=True)),
            bindparam("answer", type_=Uuid()),
            _r.id,
            bindparam("verifier", type_=Uuid()),
            literal(False, type_=Boolean()),
            bindparam("reasons", type_=ARRAY(Text())),
            bindparam("answer_hash", type_=LargeBinary()),
            bindparam("answer_size", type_=BigInteger()),
        ).where(_r.tenant_id == _TENANT, _r.id == bindparam("id_"), _earlier < _MOST_IGNORED),
    )
    .returning(_v.id)
    .cte("act")
)
_IGNORE = Statement(select(_ignored.c.id).add_cte(*recorded(_ignored)))
_STATE = Statement(
    select(_r.id, _r.state, _r.response_mode, _r.constraints, _r.browser_hash, _r.expires_at, _r.consumed_at).where(
        _r.tenant_id == _TENANT, _r.id == bindparam("id_")
    )
)
_IGNORED = Statement(
    select(func.unnest(_v.warnings).label("reason"))
    .where(_v.tenant_id == _TENANT, _v.request_id == bindparam("id_"))
    .order_by(_v.verified_at)
)
_ERRORS = Statement(
    select(_v.errors)
    .where(_v.tenant_id == _TENANT, _v.request_id == bindparam("id_"), func.cardinality(_v.errors) > 0)
    .order_by(_v.verified_at.desc())
    .limit(1)
)
_DISCLOSED = Statement(
    select(_p.id, _p.presentation_sealed).where(_p.tenant_id == _TENANT, _p.request_id == bindparam("id_"))
)


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
        await _ADD.row(
            unit.connection,
            tenant=unit.tenant_id,
            id=request.id,
            verifier_id=request.verifier_id,
            query_id=request.query_id,
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
        return await self._read(_OPEN, request)

    async def fetch(self, request: UUID) -> OpenRequest | None:
        """The waiting request, marked as fetched; a second fetch changes nothing."""
        return await self._read(_FETCH, request)

    async def begin(self, request: UUID, browser_hash: bytes) -> OpenRequest | None:
        """The waiting request, from now on of this browser alone."""
        return await self._read(_BEGIN, request, browser=browser_hash)

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
        )

    def _unsealed(self, row: Any, column: str) -> bytes | None:
        sealed = row[column]
        if sealed is None:
            return None
        return self._unit.vault.open("presentation_requests", column, row["id"], sealed)

    async def ignore(self, answer: IgnoredAnswer) -> None:
        """One statement; of very many only the first are kept."""
        unit = self._unit
        await _IGNORE.value(
            unit.connection,
            tenant=unit.tenant_id,
            id_=answer.request,
            now=answer.at,
            answer=answer.id,
            verifier=answer.verifier_id,
            reasons=[answer.reason],
            answer_hash=answer.answer_hash,
            answer_size=answer.answer_size,
            audit=unit.queued_audit(),
        )

    async def redeem(self, request: UUID, response_code_hash: bytes, browser_hash: bytes | None) -> bool:
        """One statement: the code is good once, in one browser."""
        unit = self._unit
        where = {"tenant": unit.tenant_id, "id_": request, "now": unit.now}
        found = await _REDEEM.value(unit.connection, **where, code=response_code_hash, browser=browser_hash)
        return found is not None

    async def settle(self, verdict: Verdict) -> None:
        """One statement: only one answer gets past the request's state."""
        unit, valid = self._unit, verdict.state != "refused"
        moved = await _SETTLE.value(
            unit.connection,
            tenant=unit.tenant_id,
            id_=verdict.request.id,
            now=verdict.at,
            new_state=verdict.state,
            response_code_hash=verdict.response_code_hash,
            valid=valid,
            presentation=verdict.presentation_id,
            presentation_name=str(verdict.presentation_id),
            sealed=self._sealed(verdict) if valid else None,
            verifier=verdict.verifier_id,
            errors=list(verdict.errors),
            answer_hash=verdict.answer_hash,
            answer_size=verdict.answer_size,
            audit=unit.queued_audit(),
        )
        if moved is None:
            raise Conflict("presentation")

    def _sealed(self, verdict: Verdict) -> bytes:
        kept = [
            {
                "id": one.query_id,
                "format": one.format,
                "type": one.type,
                "issuer": one.issuer,
                "claims": dict(one.claims),
                "checks": list(one.checks),
                "holder": one.holder,
            }
            for one in verdict.credentials
        ]
        vault = self._unit.vault
        return vault.seal("presentations", "presentation_sealed", verdict.presentation_id, render_json(kept))

    async def result(self, request: UUID) -> PresentationResult | None:
        """State, errors and, once verified, the disclosed claims."""
        unit, where = self._unit, {"tenant": self._unit.tenant_id, "id_": request}
        row = await _STATE.row(unit.connection, **where)
        if row is None:
            return None
        unfinished = row["state"] in _WAITING or row["state"] == "answered"
        state = "expired" if unfinished and row["expires_at"] <= unit.now else row["state"]
        errors = await _ERRORS.value(unit.connection, **where) if state == "refused" else []
        credentials = []
        if state == "verified":
            disclosed = await _DISCLOSED.row(unit.connection, **where)
            if disclosed and disclosed["presentation_sealed"]:
                opened = unit.vault.open(
                    "presentations", "presentation_sealed", disclosed["id"], disclosed["presentation_sealed"]
                )
                credentials = parse_json(opened)
        holders = [one.pop("holder", None) for one in credentials]
        ignored = [one["reason"] for one in await _IGNORED.rows(unit.connection, **where)]
        return PresentationResult(
            id=row["id"],
            state=state,
            errors=tuple(errors or ()),
            credentials=credentials,
            expires_at=row["expires_at"],
            flow=_flow(row),
            ignored=tuple(ignored),
            redirect_uri=row["constraints"].get("redirect_uri"),
            verified_at=row["consumed_at"] if state == "verified" else None,
            holders=tuple(one for one in holders if one),
        )


def _written(terms: RequestTerms) -> dict[str, Any]:
    return {name: value for name, value in asdict(terms).items() if value}


def _read_terms(stored: Any) -> RequestTerms:
    read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()}
    return RequestTerms(**read)


def _flow(row: Any) -> str:
    """How far the answer is bound to who asked."""
    if row["response_mode"].startswith("dc_api"):
        return "digital_credentials_api"
    bound = row["browser_hash"] is not None or row["constraints"].get("redirect_uri")
    return "same_device" if bound else "cross_device"

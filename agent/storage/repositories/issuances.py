"""Issuances: claims rest sealed under the subject's key, codes and tokens as hashes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agent.encryption.sealing import DataKey
from agent.scope import Conflict
from agent.scope.authorizing import NewToken
from agent.scope.issuing import (
    Attempt,
    Authorized,
    IssuanceListing,
    IssuedCredential,
    NewIssuance,
    Notified,
    Offered,
    SeenCode,
    Settlement,
)
from agent.storage.queries import issuances as queries
from agent.storage.statements import Statement
from protocols.encoding import parse_json_object, render_json
from protocols.openid4vci.errors import InvalidNonce

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit


class IssuanceRepository:
    """`scope.issuing.Issuances`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def add(self, new: NewIssuance) -> None:
        """Insert the offer, its claims sealed under the person's key: the one there is, or a new one.

        An issuance without a subject is a person of its own.
        """
        unit, vault = self._unit, self._unit.vault
        index = vault.blind("subject_keys.subject_index", new.subject or f"issuance:{new.id}")
        known = None
        if new.subject:
            known = await queries.SUBJECT.row(unit.connection, tenant=unit.tenant_id, index=index)
        if known:
            key_id, key = known["id"], vault.subject_key(known["id"], known["wrapped_key"])
            await queries.ADD.row(unit.connection, **self._offer(new, key_id, key))
            return
        key, wrapped = vault.new_subject_key(new.subject_key_id)
        await queries.ADD_WITH_SUBJECT.row(
            unit.connection,
            **self._offer(new, new.subject_key_id, key),
            subject_index=index,
            wrapping_key_id=vault.data_key_id,
            wrapped_key=wrapped,
        )

    def _offer(self, new: NewIssuance, key_id: UUID, key: DataKey) -> dict[str, Any]:
        unit = self._unit
        return {
            "tenant": unit.tenant_id,
            "id": new.id,
            "issuer_id": new.issuer_id,
            "credential_configuration_ids": list(new.credential_configuration_ids),
            "grant_type": new.grant_type,
            "subject_key_id": key_id,
            "claims_sealed": None if new.claims is None else self._sealed(new.id, new.claims, key),
            "offer_hash": new.offer_hash,
            "code_hash": new.code_hash,
            "issuer_state_hash": new.issuer_state_hash,
            "tx_code_mac": new.tx_code_mac,
            "expires_at": new.expires_at,
            "audit": unit.queued_audit(),
        }

    def _sealed(self, issuance: UUID, claims: Mapping[str, Any], key: DataKey) -> bytes:
        return self._unit.vault.seal("issuances", "claims_sealed", issuance, render_json(dict(claims)), key)

    async def offered(self, offer_hash: bytes) -> Offered | None:
        """The offer, and whether it can still be taken."""
        unit = self._unit
        row = await queries.OFFERED.row(unit.connection, tenant=unit.tenant_id, offer_hash=offer_hash, now=unit.now)
        return Offered(row[0], tuple(row[1]), row[2], row[3], row[4]) if row else None

    async def cancel(self, issuance: UUID) -> bool:
        """Compare-and-set to the end, with every token of it."""
        unit = self._unit
        if not await queries.CANCEL.run(unit.connection, tenant=unit.tenant_id, id_=issuance):
            return False
        await unit.authorizations.revoke_families(issuance)
        return True

    async def by_code(self, code_hash: bytes) -> SeenCode | None:
        """What a pre-authorized code is or was for."""
        row = await queries.BY_CODE.row(self._unit.connection, tenant=self._unit.tenant_id, code_hash=code_hash)
        return SeenCode(row[0], row[1]) if row else None

    async def take(self, code_hash: bytes, token: NewToken) -> UUID | None:
        """Spend a code that asks for no transaction code; None when there is no such code any more."""
        unit = self._unit
        found: UUID | None = await queries.TAKE.value(
            unit.connection,
            tenant=unit.tenant_id,
            code_hash=code_hash,
            now=unit.now,
            **_bound(token),
            audit=unit.queued_audit(),
        )
        return found

    async def attempt(self, code_hash: bytes) -> Attempt | None:
        """Count and lock."""
        unit = self._unit
        row = await queries.ATTEMPT.row(unit.connection, tenant=unit.tenant_id, code_hash=code_hash, now=unit.now)
        return Attempt(*row) if row else None

    async def fail(self, attempt: Attempt) -> None:
        """End it; the claims go at once."""
        unit = self._unit
        await queries.FAIL.run(unit.connection, tenant=unit.tenant_id, id_=attempt.id, version=attempt.version)

    async def authorize(self, attempt: Attempt, token: NewToken) -> None:
        """Compare-and-set from code to token."""
        unit = self._unit
        if not await queries.AUTHORIZE.run(
            unit.connection,
            tenant=unit.tenant_id,
            id_=attempt.id,
            version=attempt.version,
            **_bound(token),
        ):
            raise Conflict("code")

    async def authorized(self, token_hash: bytes) -> Authorized | None:
        """The issuance, its claims opened."""
        return await self._authorized(queries.AUTHORIZED, token_hash)

    async def waiting(self, token_hash: bytes) -> Authorized | None:
        """The same, for a token that may have outlived itself."""
        return await self._authorized(queries.WAITING, token_hash)

    async def begun(self, issuance: UUID) -> Authorized | None:
        """By its id, while something can come of it."""
        return await self._opened(queries.BEGUN, id_=issuance)

    async def _authorized(self, statement: Statement, token_hash: bytes) -> Authorized | None:
        return await self._opened(statement, token_hash=token_hash)

    async def _opened(self, statement: Statement, **named: Any) -> Authorized | None:
        unit = self._unit
        row = await statement.row(unit.connection, tenant=unit.tenant_id, now=unit.now, **named)
        if row is None:
            return None
        issued: list[Any] = []
        if row["credentials_issued"]:
            issued = await queries.ISSUED.rows(unit.connection, tenant=unit.tenant_id, issuance=row["id"])
        return Authorized(
            id=row["id"],
            credential_configuration_ids=tuple(row["credential_configuration_ids"]),
            claims=await self._claims(row),
            subject_key_id=row["subject_key_id"],
            issued=frozenset(one[0] for one in issued),
            credentials_issued=row["credentials_issued"],
            version=row["row_version"],
            grant_type=row["grant_type"],
            user_id=row["user_id"],
            dpop_thumbprint=row["dpop_thumbprint"],
            certificate_thumbprint=row["certificate_thumbprint"],
            by_identifier=row["by_identifier"],
            paid=row["paid"],
            deferred=row["deferred"],
            claims_given=row["claims_sealed"] is not None,
        )

    async def _claims(self, row: Any) -> Mapping[str, Any]:
        """What the offer brought, or what the account of the person who signed in says."""
        unit = self._unit
        if row["subject_key_id"] is None:
            return {}
        if row["claims_sealed"] is not None:
            key = unit.vault.subject_key(row["subject_key_id"], row["wrapped_key"])
            return parse_json_object(
                unit.vault.open("issuances", "claims_sealed", row["id"], row["claims_sealed"], key)
            )
        if row["user_id"] is None:
            return {}
        profile = await queries.PROFILE.value(unit.connection, tenant=unit.tenant_id, user=row["user_id"])
        if profile is None:
            return {}
        key = unit.vault.subject_key(row["subject_key_id"], row["wrapped_key"])
        return parse_json_object(unit.vault.open("users", "profile_sealed", row["user_id"], profile, key))

    async def settle(self, settlement: Settlement) -> None:
        """One statement; a spent nonce or a lost race, and nothing has happened."""
        spent, moved = await self._settle(settlement)
        if spent < len(settlement.nonces):
            raise InvalidNonce("spent")
        if not moved:
            raise Conflict("issuance")
        tags = [(tag, one.id) for one in settlement.credentials for tag in one.tags]
        await _each(
            queries.TAG,
            self._unit,
            [{"tenant_id": self._unit.tenant_id, "tag": tag, "credential_id": found} for tag, found in tags],
        )

    async def _settle(self, settlement: Settlement) -> tuple[int, int]:
        """(nonces spent, issuances moved), by one statement."""
        unit, made = self._unit, settlement.credentials
        first, places = made[0], [(one.id, place) for one in made for place in one.places]
        row = await queries.SETTLE.row(
            unit.connection,
            tenant=unit.tenant_id,
            marks=[mark for mark, _ in settlement.nonces],
            days=[int(made_at.timestamp()) // 86_400 for _, made_at in settlement.nonces],
            id_=settlement.issuance.id,
            version=settlement.issuance.version,
            notification_hash=settlement.notification_hash,
            finished=settlement.finished,
            now=unit.now,
            ids=[one.id for one in made],
            holders=[self._holder(one) for one in made],
            entered=[credential for credential, _ in places],
            registries=[place.registry.id for _, place in places],
            places=[place.index for _, place in places],
            blocks=[place.block for _, place in places],
            purposes=[place.registry.purpose for _, place in places],
            type=first.type,
            type_id=first.type_id,
            configuration_id=first.configuration_id,
            format=first.format,
            issuer_identifier=first.issuer_identifier,
            issuer_id=first.issuer_id,
            issued_at=first.issued_at,
            expires_at=first.expires_at,
            audit=unit.queued_audit(),
        )
        return (row[0], row[1]) if row else (0, 0)

    def _holder(self, one: IssuedCredential) -> bytes | None:
        vault = self._unit.vault
        return vault.blind("credentials.holder_key_index", one.holder_key) if one.holder_key else None

    async def notified(self, token_hash: bytes, notification_hash: bytes, event: str) -> Notified | None:
        """Record the event; one that came before stays (OpenID4VCI 1.0, 11.1), but a deletion may follow anything."""
        unit = self._unit
        row = await queries.NOTIFIED.row(
            unit.connection,
            tenant=unit.tenant_id,
            token_hash=token_hash,
            notification_hash=notification_hash,
            event=event,
            final=event == "credential_deleted",
            now=unit.now,
        )
        return Notified(*row) if row else None

    async def knows_token(self, token_hash: bytes) -> bool:
        """Whether a living token has this hash."""
        unit = self._unit
        found = await queries.KNOWN_TOKEN.value(
            unit.connection, tenant=unit.tenant_id, token_hash=token_hash, now=unit.now
        )
        return found is not None

    async def get(self, issuance: UUID) -> IssuanceListing | None:
        """The issuance with the credentials that came of it."""
        unit = self._unit
        row = await queries.GET.row(unit.connection, tenant=unit.tenant_id, id_=issuance, now=unit.now)
        if row is None:
            return None
        made = await queries.CREDENTIALS.rows(unit.connection, tenant=unit.tenant_id, issuance=issuance)
        return IssuanceListing(row[0], row[1], tuple(row[2]), row[3], row[4], row[5], tuple(one[0] for one in made))


def _bound(token: NewToken) -> dict[str, Any]:
    """What a token is stored as, and bound to."""
    return {
        "token_hash": token.token_hash,
        "expires": token.expires_at,
        "dpop_thumbprint": token.dpop_thumbprint,
        "certificate_thumbprint": token.certificate_thumbprint,
        "by_identifier": token.by_identifier,
    }


async def _each(statement: Statement, unit: "PostgresUnit", rows: Sequence[dict[str, Any]]) -> None:
    if len(rows) == 1:
        await statement.run(unit.connection, **rows[0])
    elif rows:
        await statement.many(unit.connection, rows)

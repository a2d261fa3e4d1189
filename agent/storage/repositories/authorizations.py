"""Pushed requests, authorization sessions, codes and refresh tokens: secrets as hashes, requests sealed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from agent.scope import Conflict
from agent.scope.authorizing import (
    Approval,
    AuthorizationSession,
    CodeRecord,
    NewRefreshFamily,
    NewToken,
    OfferedToSignIn,
    RefreshFamily,
)
from agent.storage.queries import authorizations as queries
from agent.storage.statements import Row, Statement
from protocols.encoding import parse_json_object, render_json

if TYPE_CHECKING:
    from agent.storage.unit_of_work import PostgresUnit

_IDLE = timedelta(minutes=5)
_PUSHED = UUID("4d5b7d8e-6f0c-5b61-8f0e-2d4a6f1d9b10")


class AuthorizationRepository:
    """`scope.authorizing.Authorizations`."""

    def __init__(self, unit: "PostgresUnit") -> None:
        self._unit = unit

    async def _run(self, statement: Statement, **values: Any) -> int:
        return await statement.run(self._unit.connection, tenant=self._unit.tenant_id, **values)

    async def _row(self, statement: Statement, **values: Any) -> Row | None:
        return await statement.row(self._unit.connection, tenant=self._unit.tenant_id, **values)

    async def push(
        self,
        request_uri_hash: bytes,
        parameters: Mapping[str, Any],
        dpop_thumbprint: bytes | None,
        expires_at: datetime,
    ) -> None:
        """Keep the parameters, sealed."""
        await self._run(
            queries.PUSH,
            request_uri_hash=request_uri_hash,
            parameters_sealed=self._unit.vault.seal(
                "pushed_authorization_requests",
                "parameters_sealed",
                _place(request_uri_hash),
                render_json(dict(parameters)),
            ),
            dpop_thumbprint=dpop_thumbprint,
            expires_at=expires_at,
        )

    async def pushed(self, request_uri_hash: bytes) -> Mapping[str, Any] | None:
        """The parameters of a request that was not used and has not expired."""
        row = await self._row(queries.PUSHED, request_uri_hash=request_uri_hash, now=self._unit.now)
        if row is None:
            return None
        place = _place(request_uri_hash)
        return parse_json_object(
            self._unit.vault.open("pushed_authorization_requests", "parameters_sealed", place, row[0])
        )

    async def offered(self, issuer_state_hash: bytes) -> OfferedToSignIn | None:
        """The offer while it can be taken."""
        row = await self._row(queries.OFFERED, issuer_state_hash=issuer_state_hash, now=self._unit.now)
        if row is None:
            return None
        nobody = self._unit.vault.blind("subject_keys.subject_index", f"issuance:{row[0]}")
        return OfferedToSignIn(row[0], tuple(row[1]), None if row[2] == nobody else row[2])

    def _sealed(self, session: UUID, request: Mapping[str, Any]) -> bytes:
        return self._unit.vault.seal("authorization_sessions", "request_sealed", session, render_json(dict(request)))

    def _opened(self, session: UUID, sealed: bytes) -> Mapping[str, Any]:
        return parse_json_object(self._unit.vault.open("authorization_sessions", "request_sealed", session, sealed))

    async def begin(
        self,
        session: UUID,
        browser_hash: bytes,
        request: Mapping[str, Any],
        issuance: UUID | None,
        expires_at: datetime,
    ) -> None:
        """Insert the session."""
        await self._run(
            queries.BEGIN,
            id=session,
            browser_hash=browser_hash,
            request_sealed=self._sealed(session, request),
            issuance_id=issuance,
            expires_at=expires_at,
        )

    async def session(self, session: UUID, browser_hash: bytes) -> AuthorizationSession | None:
        """By its id and the browser's secret."""
        row = await self._row(
            queries.SESSION, id_=session, browser_hash=browser_hash, now=self._unit.now, idle=self._unit.now - _IDLE
        )
        if row is None:
            return None
        return AuthorizationSession(row[0], row[1], self._opened(row[0], row[2]), row[3], row[4])

    async def signed_in(
        self,
        session: AuthorizationSession,
        request: Mapping[str, Any],
        browser_hash: bytes,
        user: UUID,
        expires_at: datetime,
    ) -> None:
        """The session's next step, and the row of the person's sessions."""
        row = uuid5(session.id, "session")
        if not await self._run(
            queries.SIGNED_IN,
            id_=session.id,
            version=session.version,
            sealed=self._sealed(session.id, request),
            new_hash=browser_hash,
            session=row,
        ):
            raise Conflict("authorization session")
        await self._run(queries.NEW_SESSION, id=row, user_id=user, token_hash=browser_hash, expires_at=expires_at)

    async def keep(
        self, session: AuthorizationSession, request: Mapping[str, Any], upstream_state_hash: bytes | None = None
    ) -> AuthorizationSession:
        """Compare and set; an earlier upstream state is forgotten."""
        version = await queries.KEEP.value(
            self._unit.connection,
            tenant=self._unit.tenant_id,
            id_=session.id,
            version=session.version,
            sealed=self._sealed(session.id, request),
            state_hash=upstream_state_hash,
        )
        if version is None:
            raise Conflict("authorization session")
        return replace(session, request=request, version=version)

    async def return_from_upstream(self, session: AuthorizationSession, state_hash: bytes) -> AuthorizationSession:
        """One statement: who brings the state again comes too late."""
        version = await queries.RETURN.value(
            self._unit.connection,
            tenant=self._unit.tenant_id,
            id_=session.id,
            version=session.version,
            state_hash=state_hash,
        )
        if version is None:
            raise Conflict("upstream state")
        return replace(session, version=version)

    async def approve(self, session: AuthorizationSession, approval: Approval) -> None:
        """request_uri, issuance and session, or none of them."""
        if approval.request_uri_hash is not None and not await self._run(
            queries.USE, request_uri_hash_=approval.request_uri_hash, now=self._unit.now
        ):
            raise Conflict("request_uri")
        key = await self._row(queries.USER_KEY, user=approval.user_id)
        if key is None:
            raise Conflict("erased")
        if approval.offered:
            await self._take_offer(approval, key[0])
        else:
            await self._add(approval, key[0])
        if not await self._run(
            queries.APPROVE,
            id_=session.id,
            version=session.version,
            code=approval.code_hash,
            issuance=approval.issuance,
        ):
            raise Conflict("authorization session")

    async def _take_offer(self, approval: Approval, key: UUID) -> None:
        """What an offer brought stays under its own key; without, the claims will be the account's."""
        if not await self._run(
            queries.TAKE_OFFER,
            id_=approval.issuance,
            user=approval.user_id,
            key=key,
            code_end=approval.code_expires_at,
            end=approval.expires_at,
        ):
            raise Conflict("offer")

    async def _add(self, approval: Approval, key: UUID) -> None:
        await self._run(
            queries.ADD,
            id=approval.issuance,
            issuer_id=approval.issuer_id,
            credential_configuration_ids=list(approval.credential_configuration_ids),
            user_id=approval.user_id,
            subject_key_id=key,
            code_expires_at=approval.code_expires_at,
            expires_at=approval.expires_at,
        )

    async def deny(self, session: AuthorizationSession) -> None:
        """The end of the session."""
        if not await self._run(queries.DENY, id_=session.id, version=session.version):
            raise Conflict("authorization session")

    async def by_code(self, code_hash: bytes) -> CodeRecord | None:
        """The session that a code came from, with its issuance."""
        row = await self._row(queries.BY_CODE, code_hash=code_hash)
        if row is None:
            return None
        request = self._opened(row["id"], row["request_sealed"])
        configurations = tuple(row["credential_configuration_ids"])
        return CodeRecord(row["issuance"], row["state"], request, configurations, row["code_expires_at"])

    async def redeem(self, issuance: UUID, token: NewToken, family: NewRefreshFamily | None) -> bool:
        """Compare-and-set from code to token."""
        end = max(token.expires_at, family.expires_at) if family else token.expires_at
        moved = await self._run(
            queries.REDEEM, id_=issuance, now=self._unit.now, end=end, token_end=token.expires_at, **_bound(token)
        )
        if moved and family:
            await self._run(
                queries.NEW_FAMILY,
                id=family.id,
                issuance_id=issuance,
                client_hash=family.client_hash,
                dpop_thumbprint=family.dpop_thumbprint,
                token_hash=family.token_hash,
                expires_at=family.expires_at,
            )
        return moved > 0

    async def family(self, family: UUID) -> RefreshFamily | None:
        """The line of a refresh token."""
        row = await self._row(queries.FAMILY, id_=family)
        if row is None:
            return None
        values = dict(row) | {"credential_configuration_ids": tuple(row["credential_configuration_ids"])}
        return RefreshFamily(**values)

    async def rotate(self, family: RefreshFamily, token_hash: bytes, generation: int, token: NewToken) -> bool:
        """Compare-and-set from one refresh token to the next, which may be the same."""
        line = {"presented": family.token_hash, "next": token_hash, "generation": generation}
        if not await self._run(queries.ROTATE, id_=family.id, now=self._unit.now, **line):
            return False
        renewed = await self._run(queries.RENEW, id_=family.issuance_id, token_end=token.expires_at, **_bound(token))
        return renewed > 0

    async def revoke(self, issuance: UUID, reason: str) -> None:
        """Access token and refresh tokens."""
        await self.revoke_families(issuance)
        await self._run(queries.REVOKE, id_=issuance, reason=reason)

    async def revoke_families(self, issuance: UUID) -> None:
        """Refresh tokens alone."""
        await self._run(queries.REVOKE_FAMILIES, issuance=issuance)


def _place(request_uri_hash: bytes) -> UUID:
    """The row's name, as sealing wants one: the table's key is a hash."""
    return uuid5(_PUSHED, request_uri_hash.hex())


def _bound(token: NewToken) -> dict[str, Any]:
    return {
        "token_hash": token.token_hash,
        "dpop_thumbprint": token.dpop_thumbprint,
        "certificate_thumbprint": token.certificate_thumbprint,
        "by_identifier": token.by_identifier,
    }

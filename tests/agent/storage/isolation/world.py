"""Two tenants in one database, filled alike, and connections as the logins that the server uses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid4, uuid5

import asyncpg

from tests.databases import Database

SEALED = b"\x01" + b"k" * 16 + b"n" * 12 + b"c" * 32
SYSTEM = UUID(int=0)
_NAMES = UUID("6f1c2f0e-5b1d-4c6e-9d55-0d8f6a1b7c11")


def digest(text: str) -> bytes:
    """32 bytes that stand for a digest or a blind index."""
    return sha256(text.encode()).digest()


def named(name: str) -> UUID:
    """The id that a name always has."""
    return uuid5(_NAMES, name)


SHARED_TYPE = named("shared type")
PRIVATE_TYPE = named("private type of beta")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant and the rows that it has: the same in both, but for the ids."""

    id: UUID
    user: UUID
    wallet: UUID
    held: UUID


def tenant(name: str) -> Tenant:
    return Tenant(*(named(f"{name} {what}") for what in ("tenant", "user", "wallet", "held")))


ALPHA, BETA = tenant("alpha"), tenant("beta")


@dataclass(frozen=True, slots=True)
class World:
    """A database with ALPHA and BETA in it."""

    database: Database

    @asynccontextmanager
    async def enter(
        self, login: str, whose: Tenant | None, *, commit: bool = False
    ) -> AsyncIterator[asyncpg.Connection]:
        """A transaction as a login, of a tenant or of none; forgotten at the end unless `commit`."""
        connection = await self.database.connect(login)
        try:
            transaction = connection.transaction()
            await transaction.start()
            if whose:
                await enter(connection, whose)
            yield connection
            await (transaction.commit() if commit else transaction.rollback())
        finally:
            await connection.close()

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[asyncpg.Connection]:
        """The bootstrap superuser: looks at all rows, or tries what not even it may."""
        connection = await self.database.connect_admin()
        try:
            yield connection
        finally:
            await connection.close()

    async def another(self) -> Tenant:
        """One more tenant, filled like the two, for a story that leaves traces."""
        made = tenant(str(uuid4()))
        async with self.admin() as admin:
            await _found(admin, made)
        await _fill(self, made)
        return made


async def enter(connection: asyncpg.Connection, whose: Tenant) -> None:
    """Set the tenant until the transaction ends."""
    await connection.execute("SELECT set_config('app.current_tenant', $1, true)", str(whose.id))


async def build(database: Database) -> World:
    """A migrated database with the two tenants and a shared catalogue."""
    world = World(database)
    async with world.admin() as admin:
        for one in (ALPHA, BETA):
            await _found(admin, one)
        await admin.execute(
            "INSERT INTO trust_registries (tenant_id, id, name, version) VALUES ($1, $2, 'shared', '1')",
            *(SYSTEM, named("registry")),
        )
        await admin.execute(
            "INSERT INTO credential_types (tenant_id, id, type_name) VALUES ($1, $2, 'Shared'), ($3, $4, 'PrivateOfBeta')",
            *(SYSTEM, SHARED_TYPE, BETA.id, PRIVATE_TYPE),
        )
    for one in (ALPHA, BETA):
        await _fill(world, one)
    return world


async def _found(admin: asyncpg.Connection, one: Tenant) -> None:
    await admin.execute("INSERT INTO tenants (id, name, display_name) VALUES ($1, $2, $2)", one.id, f"t-{one.id}")


async def _fill(world: World, one: Tenant) -> None:
    """A user, a wallet, a held credential of the shared type and an audit row, written as the server would."""
    async with world.enter("app", one, commit=True) as app:
        await app.execute(
            "INSERT INTO users (id, email_sealed, email_index, status) VALUES ($1, $2, $3, 'active')",
            *(one.user, SEALED, digest("erika@example.org")),
        )
        await app.execute(
            "INSERT INTO wallets (id, user_id, type, status) VALUES ($1, $2, 'personal', 'active')",
            one.wallet,
            one.user,
        )
        await app.execute(
            """INSERT INTO credentials (id, wallet_id, role, credential_id, type, type_tenant_id, type_id, format,
                 subject_sealed, proof_sealed, issuer_identifier_kind, issuer_identifier, issued_at, status)
               VALUES ($1, $2, 'held', 'urn:same', 'T', $3, $4, 'dc+sd-jwt', $5, $5, 'did', 'did:web:x', now(), 'active')""",
            *(one.held, one.wallet, SYSTEM, SHARED_TYPE, SEALED),
        )
        await app.execute(
            "INSERT INTO audit_logs (event_type, resource_type, action) VALUES ('credential', 'credential', 'issue')"
        )

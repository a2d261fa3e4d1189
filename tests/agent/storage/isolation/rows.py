"""What a tenant sees, changes and refers to of another one's rows: nothing."""

import re
from uuid import uuid4

import asyncpg

from tests.agent.storage.isolation.cases import CHECK, FOREIGN_KEY, Cases, complaint
from tests.agent.storage.isolation.world import ALPHA, BETA, PRIVATE_TYPE, SEALED, World, digest

CASES = Cases()
TENANT_TABLES = """SELECT relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attname = 'tenant_id'
  WHERE relnamespace = 'agent'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY 1"""
_HOLD = """INSERT INTO credentials (wallet_id, role, credential_id, type, format, subject_sealed, proof_sealed,
    issuer_identifier_kind, issuer_identifier, issued_at, status)
  VALUES ($1, 'held', 'urn:1', 'T', 'mso_mdoc', $2, $2, 'did', 'did:web:x', now(), 'active')"""


async def tenants_in_every_table(connection: asyncpg.Connection) -> dict[str, set[object]]:
    """For each table that the connection may read: whose rows it sees there."""
    seen = {}
    for (table,) in await connection.fetch(TENANT_TABLES):
        if await connection.fetchval("SELECT has_table_privilege($1, 'SELECT')", f"agent.{table}"):
            rows = await connection.fetch(f"SELECT DISTINCT tenant_id FROM {table}")
            seen[table] = {row["tenant_id"] for row in rows}
    return seen


@CASES.told
async def the_same_credential_id_and_address_index_live_in_both_tenants(world: World) -> None:
    for one in (ALPHA, BETA):
        async with world.enter("app", one) as app:
            assert await app.fetchval("SELECT id FROM credentials WHERE credential_id = 'urn:same'") == one.held
            index = digest("erika@example.org")
            assert await app.fetchval("SELECT id FROM users WHERE email_index = $1", index) == one.user


@CASES.told
async def alpha_reads_no_row_of_beta_in_any_table(world: World) -> None:
    async with world.enter("app", ALPHA) as app:
        seen = await tenants_in_every_table(app)
    assert len(seen) > 80
    assert [table for table, tenants in seen.items() if BETA.id in tenants] == []


CASES.taken("alpha reads its own", ("SELECT FROM credentials",))


@CASES.told
async def alpha_reads_the_shared_catalogue_and_not_betas_own_type(world: World) -> None:
    async with world.enter("app", ALPHA) as app:
        assert [row[0] for row in await app.fetch("SELECT type_name FROM credential_types")] == ["Shared"]


@CASES.told
async def alpha_sees_no_tenant_but_itself(world: World) -> None:
    async with world.enter("app", ALPHA) as app:
        assert [row[0] for row in await app.fetch("SELECT id FROM tenants")] == [ALPHA.id]


_LOCK = ("UPDATE wallets SET status = 'locked' WHERE id = $1", BETA.wallet)
CASES.taken("alpha changes no row of beta by its id", _LOCK, touched=0)
_DELETE = ("DELETE FROM wallets WHERE id = $1 AND tenant_id = $2", BETA.wallet, BETA.id)
CASES.taken("alpha deletes no row of beta by its id", _DELETE, touched=0)
_EXISTS = ("SELECT WHERE EXISTS (SELECT FROM users WHERE id = $1)", BETA.user)
CASES.taken("alpha cannot ask whether a row of beta exists", _EXISTS, touched=0)
_AS_BETA = ("INSERT INTO organizations (tenant_id, name, type) VALUES ($1, 'x', 'y')", BETA.id)
CASES.refused("alpha inserts nothing as beta", _AS_BETA)
CASES.refused("alpha moves no row of its own to beta", ("UPDATE users SET tenant_id = $1", BETA.id))
CASES.refused("alpha refers to no wallet of beta", (_HOLD, BETA.wallet, SEALED), code=FOREIGN_KEY)


@CASES.told
async def a_wallet_of_beta_gets_the_same_answer_as_one_that_is_nowhere(world: World) -> None:
    async with world.enter("app", ALPHA) as app:
        said = [await complaint(app, _HOLD, wallet, SEALED) for wallet in (BETA.wallet, uuid4())]
    there, nowhere = [(error.sqlstate, *map(_without_ids, (error.args[0], error.detail))) for error in said if error]
    assert there == nowhere


def _without_ids(text: object) -> str:
    return re.sub(r"[0-9a-f-]{36}", "ID", str(text))


_PRIVATE = ("UPDATE credentials SET type_tenant_id = $1, type_id = $2", BETA.id, PRIVATE_TYPE)
CASES.refused("alpha refers to no private type of beta", _PRIVATE, code=CHECK)
_HALF = ("UPDATE credentials SET type_tenant_id = NULL",)
CASES.refused("half a reference into the catalogue is refused", _HALF, code=CHECK)
CASES.taken(
    "alpha changes nothing in the shared catalogue", ("UPDATE credential_types SET type_name = 'x'",), touched=0
)
_SHARE = ("INSERT INTO credential_types (tenant_id, type_name) VALUES (system_tenant(), 'x')",)
CASES.refused("alpha adds nothing to the shared catalogue", _SHARE)
_OF_BETA = ("INSERT INTO wallets (user_id, type, status) VALUES ($1, 'personal', 'active')", BETA.user)
CASES.refused("alpha gives no wallet to a user of beta", _OF_BETA, code=FOREIGN_KEY)

"""The one way out of append-only tables: an approved request, in its own tenant, for its own target, on record."""

from uuid import UUID, uuid4

import asyncpg

from tests.agent.storage.isolation.cases import FORBIDDEN, RESTRICT, Cases, refusal
from tests.agent.storage.isolation.rules_of_issuing import A_DECOY, A_LIST, AN_ENTRY, AN_ISSUED, AN_ISSUER, CREDENTIAL
from tests.agent.storage.isolation.world import ALPHA, BETA, Tenant, World

CASES = Cases()
_ERASE = "SELECT erase($1, $2, $3)"
_APPROVE = "UPDATE erasure_requests SET approved_at = now()"
_HOLD = """INSERT INTO retention_policies (table_name, classification, erase_mode, legal_hold)
  VALUES ('credentials', 'sensitive', 'indefinitely', true)"""


async def request(world: World, whose: Tenant, scope: str, target: UUID | None, *, approved: bool = True) -> UUID:
    """An erasure request that stands, approved or not."""
    async with world.enter("app", whose, commit=True) as app:
        made: UUID = await app.fetchval(
            "INSERT INTO erasure_requests (scope, target_id, legal_basis) VALUES ($1, $2, 'erasure') RETURNING id",
            *(scope, target),
        )
        if approved:
            await app.execute(_APPROVE + " WHERE id = $1", made)
    return made


async def issued(world: World) -> Tenant:
    """A tenant that issued and revoked a credential, with its entry and a decoy in a status list."""
    whose = await world.another()
    async with world.enter("app", whose, commit=True) as app:
        for sql, *arguments in (AN_ISSUER, AN_ISSUED, A_LIST, AN_ENTRY, A_DECOY):
            await app.execute(sql, *arguments)
        await app.execute("INSERT INTO credential_statuses (credential_id, status) VALUES ($1, 'revoked')", CREDENTIAL)
    return whose


async def erased(world: World) -> Tenant:
    """A tenant whose issued credential was erased, for good."""
    whose = await issued(world)
    approved = await request(world, whose, "credential", CREDENTIAL)
    async with world.enter("maint", whose, commit=True) as maint:
        assert await maint.fetchval(_ERASE, "credential", CREDENTIAL, approved) == 2
    return whose


async def erase_refused(world: World, whose: Tenant, scope: str, target: UUID | None, asked: UUID) -> str | None:
    """What agent.erase is refused with."""
    async with world.enter("maint", whose) as maint:
        return await refusal(maint, _ERASE, scope, target, asked)


@CASES.told
async def nothing_is_erased_without_a_request(world: World) -> None:
    assert await erase_refused(world, ALPHA, "credential", ALPHA.held, uuid4()) == FORBIDDEN


@CASES.told
async def nothing_is_erased_without_an_approval(world: World) -> None:
    whose = await world.another()
    asked = await request(world, whose, "credential", whose.held, approved=False)
    assert await erase_refused(world, whose, "credential", whose.held, asked) == FORBIDDEN


CASES.refused("maintenance approves no erasure", (_APPROVE,), login="maint")


@CASES.told
async def a_request_of_one_tenant_erases_nothing_in_another(world: World) -> None:
    whose = await issued(world)
    asked = await request(world, whose, "credential", CREDENTIAL)
    assert await erase_refused(world, BETA, "credential", CREDENTIAL, asked) == FORBIDDEN


@CASES.told
async def a_request_erases_no_other_target(world: World) -> None:
    whose = await issued(world)
    asked = await request(world, whose, "credential", CREDENTIAL)
    assert await erase_refused(world, whose, "credential", whose.held, asked) == FORBIDDEN


@CASES.told
async def a_legal_hold_stops_an_erasure(world: World) -> None:
    whose = await issued(world)
    asked = await request(world, whose, "credential", CREDENTIAL)
    async with world.enter("app", whose, commit=True) as app:
        await app.execute(_HOLD)
    assert await erase_refused(world, whose, "credential", CREDENTIAL, asked) == RESTRICT


@CASES.told
async def a_credential_is_erased_with_its_history(world: World) -> None:
    whose = await erased(world)
    async with world.enter("app", whose) as app:
        assert not await app.fetch("SELECT FROM credentials WHERE id = $1", CREDENTIAL)
        assert not await app.fetch("SELECT FROM credential_statuses WHERE credential_id = $1", CREDENTIAL)


@CASES.told
async def the_entry_of_an_erased_credential_stays_and_names_it_no_more(world: World) -> None:
    whose = await erased(world)
    async with world.enter("app", whose) as app:
        entries = await app.fetch("SELECT idx, credential_id FROM status_list_entries ORDER BY idx")
        assert [tuple(entry) for entry in entries] == [(77, None), (78, None)]


async def _acts(connection: asyncpg.Connection) -> list[tuple[str, int, str]]:
    rows = await connection.fetch("SELECT table_name, row_count, acted_by FROM erasure_acts ORDER BY 1")
    return [tuple(row) for row in rows]


@CASES.told
async def an_erasure_is_on_record(world: World) -> None:
    whose = await erased(world)
    async with world.enter("app", whose) as app:
        assert await _acts(app) == [("credential_statuses", 1, "chancery_maint"), ("credentials", 1, "chancery_maint")]


async def _record_stays(world: World, sql: str) -> None:
    await erased(world)
    async with world.admin() as admin:
        before = await _acts(admin)
        assert before
        assert await refusal(admin, sql) == RESTRICT
        assert await _acts(admin) == before


@CASES.told
async def nobody_changes_the_record_of_an_erasure(world: World) -> None:
    await _record_stays(world, "UPDATE erasure_acts SET row_count = 9")


@CASES.told
async def nobody_deletes_the_record_of_an_erasure(world: World) -> None:
    await _record_stays(world, "DELETE FROM erasure_acts")


CASES.refused("maintenance deletes no audit row itself", ("DELETE FROM audit_logs",), login="maint")
CASES.refused("maintenance reads no claims", ("SELECT subject_sealed FROM credentials",), login="maint")

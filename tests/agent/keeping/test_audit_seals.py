"""The record is sealed, exported, proved offline; whatever is done to it afterwards is found."""

import copy
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from agent.audit.verifying import Report, verify
from agent.storage.database import open_pool
from agent.workers.seals import Seals
from tests.houses import Site
from tests.wallets import Wallet

Lines = list[dict[str, Any]]


@pytest_asyncio.fixture
async def sealer(site: Site) -> AsyncIterator[Seals]:
    pool = await open_pool(site.database.dsn("maint"), 2, "agent_maint")
    yield Seals(pool, site.house.scope_of)
    await pool.close()


async def export(site: Site) -> Lines:
    status, text = await site.api("GET", "/audit/export")
    assert status == 200
    return [json.loads(line) for line in text.splitlines()]


async def keys(site: Site) -> list[Any]:
    return [(await site.scope()).catalogue.key("audit").jwk]


async def act(site: Site, times: int = 3) -> None:
    for _ in range(times):
        _, made = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
        await Wallet(site.session).obtain(made["credential_offer_uri"])


async def test_every_row_is_sealed_and_an_outsider_can_prove_it(site: Site, sealer: Seals) -> None:
    await act(site)
    assert await sealer.seal("alpha") > 9
    await act(site, 1)
    assert await sealer.seal("alpha") == 4  # offer, token, credential, and whose claims were opened
    assert await sealer.seal("alpha") == 0
    await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
    lines = await export(site)
    report = verify(lines, await keys(site))
    assert report.faults == []
    assert (report.seals, report.unsealed) == (2, 1)
    assert report.rows == sum(1 for line in lines if "row" in line) - 1
    assert verify(lines, await keys(site), report.head).well


async def test_another_tenants_rows_are_in_no_export(site: Site, sealer: Seals) -> None:
    await act(site, 1)
    await sealer()
    assert {line["row"]["tenant_id"] for line in await export(site) if "row" in line} == {str(site.alpha.id)}


def rows(lines: Lines) -> list[int]:
    return [at for at, line in enumerate(lines) if "row" in line]


def alter(lines: Lines) -> None:
    lines[rows(lines)[2]]["row"]["action"] = "other"


def slip_in(lines: Lines) -> None:
    forged = copy.deepcopy(lines[rows(lines)[0]])
    forged["row"]["id"] = "00000000-0000-4000-8000-000000000000"
    lines.insert(rows(lines)[3], forged)


def delete(lines: Lines) -> None:
    del lines[rows(lines)[1]]


def double(lines: Lines) -> None:
    lines.insert(rows(lines)[1], lines[rows(lines)[0]])


def reorder(lines: Lines) -> None:
    first, second = rows(lines)[:2]
    lines[first], lines[second] = lines[second], lines[first]


def truncate_rows(lines: Lines) -> None:
    del lines[rows(lines)[-2] :]


def truncate_seals(lines: Lines) -> None:
    seals = [at for at, line in enumerate(lines) if "seal" in line]
    last = lines[seals[-1]]["seal"]
    first = int(last["from_xact"])
    lines[:] = [
        line for line in lines if line.get("seal") is not last and int(line.get("row", {}).get("xact", 0)) < first
    ]


def forge_head(lines: Lines) -> None:
    truncate_seals(lines)
    lines[0]["head"]["seal_no"] -= 1
    lines[0]["head"]["seal_hash"] = lines[0]["head"]["seal_hash"][::-1]


def forge_leaves(lines: Lines) -> None:
    alter(lines)
    seal = next(line["seal"] for line in lines if "seal" in line)
    seal["leaves"] = "A" * len(seal["leaves"])


def swap_seals(lines: Lines) -> None:
    first, second = [at for at, line in enumerate(lines) if "seal" in line][:2]
    lines[first], lines[second] = lines[second], lines[first]


def rubbish(lines: Lines) -> None:
    lines[0]["tenant_id"] = "nobody"


@pytest.mark.parametrize(
    "harm",
    [
        alter,
        slip_in,
        delete,
        double,
        reorder,
        truncate_rows,
        truncate_seals,
        forge_head,
        forge_leaves,
        swap_seals,
        rubbish,
    ],
)
async def test_whatever_is_done_to_an_export_is_found(site: Site, sealer: Seals, harm: Callable[[Lines], None]) -> None:
    for _ in range(2):
        await act(site, 2)
        await sealer.seal("alpha")
    lines = await export(site)
    assert verify(lines, await keys(site)).well
    harm(lines)
    assert not verify(lines, await keys(site)).well


async def test_an_export_signed_by_another_key_proves_nothing(site: Site, sealer: Seals) -> None:
    await act(site, 1)
    await sealer()
    stranger = (await site.scope(site.beta)).catalogue.key("audit").jwk
    assert not verify(await export(site), [stranger]).well


async def harmed(site: Site, statement: str) -> Report:
    """What the proof says after a superuser, triggers off, does something to the tables."""
    admin = await site.database.connect_admin()
    try:
        await admin.execute("SET session_replication_role = replica")
        await admin.execute(statement.replace("$TENANT", f"'{site.alpha.id}'"))
    finally:
        await admin.close()
    return verify(await export(site), await keys(site))


ONE = (
    "(SELECT id FROM audit_logs WHERE tenant_id = $TENANT AND event_type = 'token.issued' ORDER BY occurred_at LIMIT 1)"
)


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE audit_logs SET action = 'other' WHERE id = {ONE}",
        f"UPDATE audit_logs SET occurred_at = occurred_at - interval '1 microsecond' WHERE id = {ONE}",
        f"DELETE FROM audit_logs WHERE id = {ONE}",
        "DELETE FROM audit_seals WHERE tenant_id = $TENANT AND seal_no = 1",
        "UPDATE audit_seals SET leaves = leaves || leaves, leaf_count = leaf_count * 2 WHERE tenant_id = $TENANT",
        "INSERT INTO audit_logs (tenant_id, event_type, resource_type, action, xact) SELECT tenant_id, 'x', 'x', 'x',"
        " from_xact FROM audit_seals WHERE tenant_id = $TENANT AND seal_no = 1",
    ],
)
async def test_what_a_superuser_does_to_the_tables_is_found(site: Site, sealer: Seals, statement: str) -> None:
    for _ in range(2):
        await act(site, 2)
        await sealer.seal("alpha")
    assert verify(await export(site), await keys(site)).well
    assert not (await harmed(site, statement)).well


async def test_seals_cut_off_at_the_end_are_missed_by_who_saw_them(site: Site, sealer: Seals) -> None:
    await act(site, 1)
    await sealer()
    head = verify(await export(site), await keys(site)).head
    await harmed(
        site, "DELETE FROM audit_seals WHERE tenant_id = $TENANT; DELETE FROM audit_logs WHERE tenant_id = $TENANT"
    )
    assert not verify(await export(site), await keys(site), head).well


async def test_an_act_that_cannot_be_recorded_does_not_happen(site: Site) -> None:
    admin = await site.database.connect_admin()
    await admin.execute("REVOKE INSERT ON audit_logs FROM agent_app")
    await admin.close()
    status, _ = await site.api("POST", "/credential-offers", {"credential_configuration_ids": ["pid"]})
    assert status == 500
    admin = await site.database.connect_admin()
    assert await admin.fetchval("SELECT count(*) FROM issuances") == 0
    await admin.close()


async def test_the_log_takes_no_change_from_anybody(site: Site) -> None:
    for login in ("app", "control", "maint", "auditor", "owner"):
        connection = await site.database.connect(login)
        try:
            for statement in ("UPDATE audit_logs SET action = 'x'", "DELETE FROM audit_logs", "TRUNCATE audit_logs"):
                async with connection.transaction():
                    await connection.execute("SELECT set_config('app.current_tenant', $1, true)", str(site.alpha.id))
                    with pytest.raises(asyncpg.PostgresError):
                        async with connection.transaction():
                            await connection.execute(statement)
        finally:
            await connection.close()

"""Notices between processes, and what follows when the line is lost."""

import asyncio
from collections.abc import Callable

from agent.signals import Listener
from tests.databases import Database
from tests.houses import Site


async def until(condition: Callable[[], object], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # any condition
            await asyncio.sleep(0.02)


async def test_a_notice_arrives_and_a_lost_line_is_told(database: Database) -> None:
    heard: list[tuple[str, str]] = []
    gaps: list[int] = []
    listener = Listener(
        database.dsn("app"), ("chancery_test",), lambda *one: heard.append(one), lambda: gaps.append(len(heard))
    )
    await listener.start()
    admin = await database.connect_admin()
    try:
        await admin.execute("SELECT pg_notify('chancery_test', 'one')")
        await until(lambda: heard == [("chancery_test", "one")])
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chancery signals'"
            " AND datname = current_database()"
        )
        await until(lambda: len(gaps) == 2)  # when it broke, and again when it listens: what came between is unknown
        await admin.execute("SELECT pg_notify('chancery_test', 'two')")
        await until(lambda: ("chancery_test", "two") in heard)
    finally:
        await listener.stop()
        await admin.close()


async def test_a_tenant_suspended_by_one_process_is_suspended_in_the_next(site: Site) -> None:
    """The catalogue is cached; a change by anyone, even by hand, is heard within a second."""
    url = f"{site.url}/.well-known/openid-credential-issuer/t/alpha"
    assert (await site.session.get(url)).status == 200
    admin = await site.database.connect_admin()
    try:
        await admin.execute("UPDATE agent.tenants SET status = 'suspended' WHERE name = 'alpha'")
        await admin.execute("SELECT pg_notify('chancery_catalogue', $1)", str(site.alpha.id))
    finally:
        await admin.close()
    async with asyncio.timeout(5):
        while (await site.session.get(url)).status == 200:  # noqa: ASYNC110  # asked again and again
            await asyncio.sleep(0.05)

"""Cases of isolation: something a login tries, and what the database must answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from tests.agent.storage.isolation.world import ALPHA, Tenant, World

FORBIDDEN = asyncpg.InsufficientPrivilegeError.sqlstate
"""Also what a fence answers to a row that is not the tenant's."""
CHECK = asyncpg.CheckViolationError.sqlstate
FOREIGN_KEY = asyncpg.ForeignKeyViolationError.sqlstate
UNIQUE = asyncpg.UniqueViolationError.sqlstate
RESTRICT = asyncpg.RestrictViolationError.sqlstate
"""What the triggers of append-only and fixed rows answer, and agent.erase when it must not."""

Step = tuple[Any, ...]
"""A statement and its arguments."""
Check = Callable[[World], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """`check` raises AssertionError when isolation does not hold."""

    name: str
    check: Check


class Cases(list[Case]):
    """The cases of one group. A case leaves nothing behind that another one sees."""

    def told(self, check: Check) -> Check:
        """A case that needs a function: its name is the sentence."""
        self.append(Case(check.__name__.replace("_", " "), check))
        return check

    def refused(
        self, name: str, *steps: Step, code: str = FORBIDDEN, login: str = "app", whose: Tenant | None = ALPHA
    ) -> None:
        """The last step is refused with this SQLSTATE, the ones before it are not."""

        async def check(world: World) -> None:
            async with world.enter(login, whose) as connection:
                for sql, *arguments in steps[:-1]:
                    await connection.execute(sql, *arguments)
                sql, *arguments = steps[-1]
                assert await refusal(connection, sql, *arguments) == code

        self.append(Case(name, check))

    def taken(
        self, name: str, *steps: Step, touched: int = 1, login: str = "app", whose: Tenant | None = ALPHA
    ) -> None:
        """Every step is taken, and the last one touches so many rows."""

        async def check(world: World) -> None:
            async with world.enter(login, whose) as connection:
                for sql, *arguments in steps:
                    tag = await connection.execute(sql, *arguments)
                assert int(tag.rsplit(" ", 1)[-1]) == touched, tag
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")

        self.append(Case(name, check))


async def refusal(connection: asyncpg.Connection, sql: str, *arguments: Any) -> str | None:
    """The SQLSTATE a statement is refused with, None when it is taken."""
    error = await complaint(connection, sql, *arguments)
    return error and error.sqlstate


async def complaint(connection: asyncpg.Connection, sql: str, *arguments: Any) -> asyncpg.PostgresError | None:
    """The error of a statement; the transaction it runs in, if any, goes on."""
    try:
        async with connection.transaction():
            await connection.execute(sql, *arguments)
    except asyncpg.PostgresError as error:
        return error
    return None

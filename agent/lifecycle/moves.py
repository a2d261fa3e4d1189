"""A tenant moves to another database while it is served: analysed, prepared, tried, copied, verified, switched.

Every step may be cut and done again: what is done is looked for and not remembered. Until the switch a move can be
aborted, after it rolled back, until it is final. The pause of a switch is when the tenant is answered `unavailable`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import asyncpg

from agent.storage import replicating as rows
from agent.storage import tenant_moves as moves
from agent.storage.shared_catalogue import copy_catalogue
from agent.storage.tenant_moves import TO_DEDICATED, TO_SHARED, Move

SHARED = "shared"
_PATIENCE = 60.0


class CannotMove(Exception):
    """Why it cannot, in words."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the copy has come: tables and bytes, of all; seconds gone and, after the first bytes, left."""

    tables: int
    of_tables: int
    size: int
    of_size: int
    seconds: float

    @property
    def left(self) -> float | None:
        """Seconds, at the rate so far."""
        return self.seconds * (self.of_size - self.size) / self.size if self.size else None


@dataclass(frozen=True, slots=True)
class Sides:
    """Administrator's connections to the shared database and both sides, and how each side is reached by the other."""

    shared: asyncpg.Connection
    source: asyncpg.Connection
    target: asyncpg.Connection
    source_dsn: str
    target_dsn: str


class Mover:
    """`dsn_of(database)` is an administrator's connection string (`shared`, `server/name`); `tell` hears progress."""

    def __init__(self, dsn_of: Callable[[str], str], tell: Callable[[str, Progress | None], None]) -> None:
        self._dsn_of, self._tell = dsn_of, tell

    async def begin(self, name: str, direction: str, target: str) -> Move:
        """Analyse: sizes, and what stands in the way. Raises CannotMove, NoSuchMove."""
        async with rows.administrating(self._dsn_of(SHARED)) as shared:
            tenant, placement, database = await moves.placed(shared, name)
        if placement != ("shared" if direction == TO_DEDICATED else "dedicated"):
            raise CannotMove(f"{name} is {placement}")
        source = database or SHARED
        move = Move(tenant, name, uuid4(), direction, "analysed", source, target, {})
        async with self._sides(move) as sides:
            obstacles = await rows.obstacles(sides.source, sides.target, tenant, online=direction == TO_SHARED)
            if obstacles:
                raise CannotMove("; ".join(obstacles))
            sizes = await rows.sizes(sides.source, tenant)
            held = {table: list(size) for table, size in sizes.items() if size[0]}
            move = Move(tenant, name, move.id, direction, "analysed", source, target, {"sizes": held})
            try:
                await moves.begin(sides.shared, move)
            except asyncpg.UniqueViolationError:
                raise CannotMove(f"another move of {name} is open") from None
        return move

    async def go_on(self, name: str, until: str = "switched") -> Move:
        """From where it stands to the switch, or to another state. Raises CannotMove, TimeoutError, NoSuchMove."""
        steps = {
            "analysed": self._prepare,
            "prepared": self._begin_copy,
            "copying": self._copy,
            "verifying": self._verify,
            "switching": self._switch,
        }
        move = await self.find(name)
        while move.state != until and move.state in steps:
            self._tell(move.state, None)
            async with self._sides(move) as sides:
                move = await steps[move.state](sides, move)
        return move

    async def find(self, name: str) -> Move:
        """The open move. Raises NoSuchMove."""
        async with rows.administrating(self._dsn_of(SHARED)) as shared:
            return await moves.find(shared, name)

    async def abort(self, name: str) -> Move:
        """Before the switch: the tenant stays where it is, and the target has nothing of it. Raises CannotMove."""
        move = await self.find(name)
        if move.state == "switched":
            raise CannotMove("it is switched: roll it back")
        async with self._sides(move) as sides:
            if await self._is_at(sides, move, move.target):
                raise CannotMove("it is switched: go on, then roll it back")
            await rows.unsubscribe(sides.source, sides.target, move.called)
            await rows.unsubscribe(sides.target, sides.source, move.back)
            await self._stay(sides, move)
            await rows.clear(sides.target, move.tenant)
            await _forget(sides, move)
            return await moves.reach(sides.shared, move, "aborted")

    async def roll_back(self, name: str) -> Move:
        """After the switch, until it is final: back to the source, with all that was written since."""
        move = await self.find(name)
        if move.state != "switched":
            raise CannotMove("it is not switched")
        async with self._sides(move) as sides:
            if not await self._is_at(sides, move, move.source):
                try:
                    await self._hand_back(sides, move)
                except BaseException:
                    await rows.unfence(sides.target, move.tenant)
                    await moves.place(sides.shared, move.tenant, _database(move.target))
                    raise
            await rows.unsubscribe(sides.target, sides.source, move.back)
            await rows.unfence(sides.target, move.tenant)
            await rows.clear(sides.target, move.tenant)
            await _forget(sides, move)
            return await moves.reach(sides.shared, move, "rolled_back")

    async def _hand_back(self, sides: Sides, move: Move) -> None:
        await moves.place(sides.shared, move.tenant, _between(move), moving=True)
        await rows.fence(sides.target, move.tenant)
        await self._same(sides.target, sides.source, move, move.back)
        await rows.move_outbox(sides.target, sides.source, move.tenant)
        if move.direction == TO_DEDICATED:
            await moves.take_over(sides.shared, sides.target, move.tenant)
        else:
            await moves.introduce(sides.shared, sides.source, move.tenant)
        await rows.pause(sides.target, sides.source, move.back)
        await rows.unfence(sides.source, move.tenant)
        await moves.place(sides.shared, move.tenant, _database(move.source))

    async def finalise(self, name: str) -> Move:
        """No way back from here on: the old copy is deleted; a database of its own is left empty, to be dropped."""
        move = await self.find(name)
        if move.state != "switched":
            raise CannotMove("it is not switched")
        async with self._sides(move) as sides:
            await rows.unsubscribe(sides.target, sides.source, move.back)
            await rows.clear(sides.source, move.tenant)
            await rows.unfence(sides.source, move.tenant)
            if move.direction == TO_SHARED:
                await moves.leave(sides.source, move.tenant)
                await moves.forget_head(sides.shared, move.tenant)
            return await moves.reach(sides.shared, move, "finalised")

    # ------------------------------------------------------------------------------------------------------- steps
    async def _prepare(self, sides: Sides, move: Move) -> Move:
        """Months, the tenant's own row, the epoch of the record; then a pilot: some rows of every table, taken back."""
        await rows.copy_months(sides.source, sides.target)
        if move.direction == TO_DEDICATED:
            await rows.past_epoch(sides.source, sides.target)
            await copy_catalogue(sides.shared, sides.target)
            await moves.introduce(sides.shared, sides.target, move.tenant)
        try:
            tried = await rows.pilot(sides.source, sides.target, move.tenant)
        except asyncpg.PostgresError as error:
            raise CannotMove(f"the pilot found rows that do not fit: {type(error).__name__}") from None
        return await moves.reach(sides.shared, move, "prepared", pilot=tried)

    async def _begin_copy(self, sides: Sides, move: Move) -> Move:
        """Changes are kept from before the first row is copied."""
        await rows.publish(sides.source, move.called, move.tenant)
        await rows.subscribe(sides.target, move.called, sides.source_dsn, copy=True)
        return await moves.reach(sides.shared, move, "copying")

    async def _copy(self, sides: Sides, move: Move) -> Move:
        held = {name: size for name, (_, size) in move.progress["sizes"].items()}
        began = time.monotonic()
        while True:
            done = await rows.copied(sides.target, move.called)
            size = sum(held.get(name, 0) for name in done)
            total = sum(held.get(name, 0) for name in rows.COPIED)
            self._tell("copying", Progress(len(done), len(rows.COPIED), size, total, time.monotonic() - began))
            if len(done) == len(rows.COPIED):
                return await moves.reach(sides.shared, move, "verifying")
            await asyncio.sleep(0.2)

    async def _verify(self, sides: Sides, move: Move) -> Move:
        """While it is written to: what differs is looked at again, for it may have been on its way."""
        differ: Sequence[str] = rows.COPIED
        for _ in range(3):
            await rows.caught_up(sides.source, move.called, _PATIENCE)
            differ = await rows.compare(sides.source, sides.target, move.tenant, differ)
        return await moves.reach(sides.shared, move, "switching", busy=sorted(differ))

    async def _switch(self, sides: Sides, move: Move) -> Move:
        """The pause. What fails before the tenant is placed anew leaves it where it was, and served."""
        began = time.monotonic()
        if not await self._is_at(sides, move, move.target):
            await rows.resume(sides.target, move.called)
            try:
                await self._hand_over(sides, move)
            except BaseException:
                await rows.unsubscribe(sides.target, sides.source, move.back)
                await rows.resume(sides.target, move.called)
                await self._stay(sides, move)
                raise
        pause = round(time.monotonic() - began, 3)
        await rows.unsubscribe(sides.source, sides.target, move.called)
        return await moves.reach(sides.shared, move, "switched", pause=pause)

    async def _hand_over(self, sides: Sides, move: Move) -> None:
        await moves.place(sides.shared, move.tenant, _between(move), moving=True)
        await rows.fence(sides.source, move.tenant)
        await self._same(sides.source, sides.target, move, move.called)
        await rows.move_outbox(sides.source, sides.target, move.tenant)
        if move.direction == TO_DEDICATED:
            await moves.introduce(sides.shared, sides.target, move.tenant)
        else:
            await moves.take_over(sides.shared, sides.source, move.tenant)
        # The way back begins before the first row is written there; the way here ends before, or rows would go round.
        await rows.pause(sides.source, sides.target, move.called)
        await rows.publish(sides.target, move.back, move.tenant)
        await rows.subscribe(sides.source, move.back, sides.target_dsn, copy=False)
        await moves.place(sides.shared, move.tenant, _database(move.target))

    async def _stay(self, sides: Sides, move: Move) -> None:
        await rows.unfence(sides.source, move.tenant)
        await moves.place(sides.shared, move.tenant, _database(move.source))

    async def _same(self, source: asyncpg.Connection, target: asyncpg.Connection, move: Move, called: str) -> None:
        """Nobody writes any more: every row is there, by count and checksum. Raises CannotMove."""
        await rows.caught_up(source, called, _PATIENCE)
        differ = await rows.compare(source, target, move.tenant)
        if differ:
            raise CannotMove(f"rows differ in {', '.join(sorted(differ))}")

    async def _is_at(self, sides: Sides, move: Move, side: str) -> bool:
        _, placement, database = await moves.placed(sides.shared, move.name)
        return placement != "migrating" and (database or SHARED) == side

    @asynccontextmanager
    async def _sides(self, move: Move) -> AsyncIterator[Sides]:
        shared, source, target = (self._dsn_of(one) for one in (SHARED, move.source, move.target))
        async with (
            rows.administrating(shared) as first,
            rows.administrating(source) as second,
            rows.administrating(target) as third,
        ):
            yield Sides(first, second, third, source, target)


def _database(side: str) -> str | None:
    return None if side == SHARED else side


def _between(move: Move) -> str | None:
    """The one of both that is no shared one: where the tenant's row points while it is nowhere."""
    return _database(move.target) or _database(move.source)


async def _forget(sides: Sides, move: Move) -> None:
    """A database that was made for the tenant is nobody's again."""
    if move.direction == TO_DEDICATED:
        await moves.leave(sides.target, move.tenant)

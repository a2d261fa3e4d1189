"""Statistics as Parquet in the blob store, a file for each tenant and month: for warehouses, without personal data."""

import asyncio
import io
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from agent.lifecycle.blobs import ObjectStore
from agent.operations.keeping.count_activity import Enter
from agent.scope.reporting import Figure

_TEXT = pa.string()
_SCHEMA = pa.schema(
    [("day", pa.date32()), ("metric", _TEXT), ("type", _TEXT), ("reason", _TEXT), ("amount", pa.int64())]
)


async def write_month(enter: Enter, store: ObjectStore, tenant: UUID, month: date) -> str:
    """The month's counts so far, in place of what the file held: its name below the store."""
    first = month.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    async with enter() as unit:
        found = await unit.statistics.between(first, last)
    name = f"statistics/{tenant}/{first:%Y-%m}.parquet"
    await store.put_async(name, await asyncio.to_thread(_file, found))
    return name


def _file(figures: Sequence[Figure]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([asdict(one) for one in figures], schema=_SCHEMA), out, compression="zstd")
    return out.getvalue()

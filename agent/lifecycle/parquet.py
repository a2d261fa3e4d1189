"""Rows as Parquet, and back as the rows they were: the leaf of a row is the same before and after."""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, Boolean, DateTime, Integer, LargeBinary, SmallInteger, TableClause, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from agent.audit import merkle
from agent.audit.leaves import leaf, members
from agent.storage.tables.columns import Xid8


def _type(kind: object) -> pa.DataType:
    if isinstance(kind, DateTime):
        return pa.timestamp("us", "UTC")
    if isinstance(kind, LargeBinary):
        return pa.binary()
    if isinstance(kind, Boolean):
        return pa.bool_()
    if isinstance(kind, Integer | BigInteger | SmallInteger):
        return pa.int64()
    if isinstance(kind, ARRAY):
        return pa.list_(pa.string())
    return pa.string()  # words, ids, transaction numbers, addresses, and JSON as text


class Writer:
    """A file in the making, compressed with zstd: rows go in, page by page, and their leaves are kept."""

    def __init__(self, name: str, table: TableClause) -> None:
        self._name = name
        self._schema = pa.schema([(column.name, _type(column.type)) for column in table.columns])
        self._texts = {field.name for field in self._schema if field.type == pa.string()}
        self._out = io.BytesIO()
        self._writer = pq.ParquetWriter(self._out, self._schema, compression="zstd")
        self._leaves: list[bytes] = []

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows of the table."""
        plain = [{name: self._plain(name, value) for name, value in row.items()} for row in rows]
        self._writer.write_table(pa.Table.from_pylist(plain, schema=self._schema))
        self._leaves += [leaf(members(self._name, row)) for row in rows]

    def _plain(self, name: str, value: Any) -> Any:
        if value is None or name not in self._texts:
            return value
        if isinstance(value, dict):
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return str(value)

    def close(self) -> tuple[bytes, int, bytes]:
        """The file, how many rows it has, and the Merkle root over them."""
        self._writer.close()
        return self._out.getvalue(), len(self._leaves), merkle.root(self._leaves)


def read(table: TableClause, octets: bytes) -> list[dict[str, Any]]:
    """The rows, typed as the database types them."""
    return typed(table, pq.read_table(io.BytesIO(octets)))


def typed(table: TableClause, arrow: pa.Table) -> list[dict[str, Any]]:
    """Arrow's rows, typed as the database types them."""
    back = {column.name: _back(column.type) for column in table.columns}
    return [
        {name: None if value is None else back[name](value) for name, value in row.items()} for row in arrow.to_pylist()
    ]


def root(table: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The Merkle root over the rows' leaves, in their order."""
    return merkle.root([leaf(members(table, row)) for row in rows])


def _back(kind: object) -> Any:
    if isinstance(kind, Uuid):
        return UUID
    if isinstance(kind, Xid8):
        return int
    return json.loads if isinstance(kind, JSONB) else lambda value: value

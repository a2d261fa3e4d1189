"""Tables in the fewest words: the columns of each type in one string."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    SmallInteger,
    TableClause,
    Text,
    Uuid,
    column,
)
from sqlalchemy import table as core_table
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, DATERANGE, JSONB
from sqlalchemy.types import TypeEngine, UserDefinedType


class Xid8(UserDefinedType[int]):
    """A transaction number."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in SQL."""
        return "xid8"


TYPES: dict[str, TypeEngine[Any]] = {
    "uuid": Uuid(),
    "uuids": ARRAY(Uuid()),
    "text": Text(),
    "texts": ARRAY(Text()),
    "json": JSONB(),
    "time": DateTime(timezone=True),
    "data": LargeBinary(),
    "datas": ARRAY(LargeBinary()),
    "flag": Boolean(),
    "int2": SmallInteger(),
    "int4": Integer(),
    "int8": BigInteger(),
    "numeric": Numeric(),
    "date": Date(),
    "daterange": DATERANGE(),
    "interval": Interval(),
    "network": CIDR(),
    "xid": Xid8(),
}


def table(name: str, **columns: str) -> TableClause:
    """A table of schema `agent`: for each type word the names of its columns, separated by blanks."""
    found = [column(one, TYPES[word]) for word, names in columns.items() for one in names.split()]
    return core_table(name, *found, schema="agent")

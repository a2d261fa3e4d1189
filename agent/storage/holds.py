"""Legal holds and erasures wait for each other: what is answered first holds.

Both take one lock of the tenant until their transaction ends; erasures share it.
"""

from typing import Any

from sqlalchemy import String, Uuid, bindparam, cast, func, literal, select

from agent.storage.statements import Statement

_NAME: Any = literal("agent.legal_hold:", String()).op("||")(cast(bindparam("tenant", type_=Uuid()), String()))
_KEY = func.hashtextextended(_NAME, 0)

BEFORE_HOLDING = Statement(select(func.pg_advisory_xact_lock(_KEY)))
"""Run before a legal hold is set or lifted."""
BEFORE_ERASING = Statement(select(func.pg_advisory_xact_lock_shared(_KEY)))
"""Run before looking for holds; what the next statement sees stays so."""

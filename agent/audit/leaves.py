"""The canonical form of a row of the logs: what its leaf is the hash of.

A JSON object by RFC 8785 with `log`, the table's name, and every column that is not NULL.  Ciphertexts stand in it as
they are: who checks learns nothing, and a destroyed key breaks no leaf.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import rfc8785

from agent.audit.merkle import leaf_hash
from protocols.encoding import b64url

LOGS = ("audit_logs", "data_access_logs", "erasure_acts", "security_events")


def members(log: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as plain JSON. `xact` may come as a number or as its decimal string."""
    shown = {name: _plain(name, value) for name, value in row.items() if value is not None}
    return {"log": log, **shown}


def _plain(name: str, value: Any) -> Any:
    if name == "xact":
        return str(value)
    if isinstance(value, bytes):
        return b64url(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, UUID):
        return str(value)
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    return str(value)


def leaf(shown: Mapping[str, Any]) -> bytes:
    """The leaf hash of a row's members."""
    return leaf_hash(rfc8785.dumps(dict(shown)))

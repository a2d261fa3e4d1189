"""Invitations that the agent makes or has made, and what is in their URLs."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conformance.jose import Unreadable, read_object
from conformance.session import Session
from conformance.verdict import Blocked, skip

PARAMETERS = {"v2": ("_oob",), "v1": ("oob", "c_i", "d_m")}


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation: its URL, the short one where the door tells it, the message, and its text in the URL."""

    url: str
    short: str
    message: dict[str, Any]
    encoded: str


async def invited(session: Session, version: str) -> Invited:
    """A new invitation, or the one that stands. Raises Blocked."""
    found = session.target.agent.invitations.get(version) if session.target.agent else None
    if found is None:
        skip(f"the target file has no [didcomm.{version}]")
    values: Mapping[str, Any] = {"uri": found} if isinstance(found, str) else await found.open(session.http, {})
    url, short = str(values["uri"]), str(values.get("short", ""))
    query = parse_qs(urlsplit(url).query)
    if "_oobid" in query:
        return Invited(url, url, (await session.http.get(url)).json(), "")
    encoded = next((query[name][0] for name in PARAMETERS[version] if name in query), "")
    if not encoded:
        raise Blocked(f"no invitation in {url[:80]}")
    try:
        return Invited(url, short, read_object(decoded(encoded), "invitation"), encoded)
    except Unreadable as error:
        raise Blocked(f"the invitation in the URL: {error}") from error


def standing(session: Session, version: str) -> bool:
    """Whether the target file has one invitation for everybody, and no door that makes new ones."""
    agent = session.target.agent
    return agent is not None and isinstance(agent.invitations.get(version), str)


def decoded(text: str) -> bytes:
    """Base64 of either alphabet, padded or not. Raises Unreadable."""
    spelled = text.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return base64.urlsafe_b64decode(spelled + "=" * (-len(spelled) % 4))
    except binascii.Error as error:
        raise Unreadable(f"not base64url: {error}") from error

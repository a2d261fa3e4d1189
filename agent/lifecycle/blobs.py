"""Where the archive lies: a folder, or a bucket that speaks S3, behind obstore."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from agent.config import Config, ConfigurationError
from agent.scope import Scope
from agent.scope.archiving import Segment

__all__ = ["AlreadyExistsError", "BaseError", "Differs", "ObjectStore", "fetch_segment", "open_store"]


class Differs(Exception):
    """What was read back from the archive is not what was written."""


_CLIENT = {"allow_http", "connect_timeout", "timeout", "proxy_url"}
"""Options of the HTTP client; every other one is the store's own."""


def open_store(config: Config) -> ObjectStore:
    """The configured store. Raises ConfigurationError."""
    if not config.archive_url:
        return LocalStore(config.home / "archive", mkdir=True)
    if config.archive_url.startswith("file://"):
        return LocalStore(Path(config.archive_url.removeprefix("file://")), mkdir=True)
    try:
        options: Any = json.loads(config.archive_options or "{}")
        client: Any = {name: options.pop(name) for name in _CLIENT & options.keys()}
        store: ObjectStore = from_url(config.archive_url, config=options, client_options=client)
    except Exception as error:  # obstore's own errors share no base that names the setting
        raise ConfigurationError(f"CHANCERY_ARCHIVE_URL cannot be used: {type(error).__name__}") from None
    if isinstance(store, MemoryStore):
        raise ConfigurationError("CHANCERY_ARCHIVE_URL: what is kept in memory is no archive")
    return store


async def fetch_segment(scope: Scope, store: ObjectStore, segment: Segment) -> bytes:
    """The Parquet file of a segment. Raises Differs, KeyDestroyed, DoesNotOpen."""
    sealed = bytes(await (await store.get_async(segment.object_key)).bytes_async())
    if sha256(sealed).digest() != segment.sha256:
        raise Differs(segment.object_key)
    key = scope.vault.archive_key(segment.key_id)
    return scope.vault.open("archive_segments", "object", segment.id, sealed, key)

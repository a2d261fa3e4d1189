"""The admin API about the issuer's keys and types."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from agent.http import issuer_schemas as schemas
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.administering.keys import RotateKey, list_keys, retire_key, revoke_certificate, rotate_key
from agent.operations.administering.publish_type import (
    ChooseType,
    PublishedType,
    PublishType,
    choose_type,
    publish_type,
)
from agent.scope import SigningKey
from protocols.http import NO_STORE, Call, Reply, Route, json_reply


def _rotation(call: Call) -> RotateKey:
    body = schemas.KeyBody.read(call)
    overlap = body["overlap"]
    return RotateKey(body["purpose"], None if overlap is None else timedelta(seconds=overlap))


def _key(key: SigningKey) -> dict[str, object]:
    return {
        "id": str(key.id),
        "purpose": key.purpose,
        "kid": key.kid,
        "algorithm": key.algorithm,
        "key_store": key.handle.store,
        "state": "active" if key.active else "retiring",
        "published_until": key.expires_at,
    }


def _rotated(key: SigningKey) -> Reply:
    return json_reply(_key(key), 201, NO_STORE)


def _keys(found: Sequence[SigningKey]) -> Reply:
    return json_reply({"items": [_key(key) for key in found], "next": None}, headers=NO_STORE)


def _key_id(call: Call) -> UUID:
    try:
        return UUID(call.path["key"])
    except ValueError:
        raise NotFound("not an id") from None


def _type(call: Call) -> PublishType:
    return PublishType(**schemas.TypeBody.read(call))


def _published(made: PublishedType) -> Reply:
    return json_reply({"vct": made.vct, "integrity": made.integrity}, 201, NO_STORE)


def _choice(call: Call) -> ChooseType:
    return ChooseType(call.path["configuration"], schemas.ChosenTypeBody.read(call)["vct"])


def _gone(_: object) -> Reply:
    return Reply(204)


ROWS = (
    Route("GET", "/keys", scopes.KEYS_READ, lambda _call: None, list_keys, _keys),
    Route("POST", "/keys", scopes.KEYS_WRITE, _rotation, rotate_key, _rotated),
    Route("POST", "/keys/{key}/revoke", scopes.KEYS_WRITE, _key_id, revoke_certificate, _gone),
    Route("DELETE", "/keys/{key}", scopes.KEYS_WRITE, _key_id, retire_key, _gone),
    Route("POST", "/credential-types", scopes.ISSUER_WRITE, _type, publish_type, _published),
    Route("PATCH", "/credential-configurations/{configuration}/type", scopes.ISSUER_WRITE, _choice, choose_type, _gone),
)

"""Keys that no key store can use: made here, sealed by the tenant's vault like any reference, used in the sandbox."""

from typing import Any

from agent import gather
from agent.scope import Scope, SigningKey
from agent.tenancy import uuid7
from protocols import bbs
from protocols.data_integrity import bbs_sd
from protocols.encoding import b64url, parse_b64url
from protocols.ports import KeyHandle, ToBeSigned

STORE, PURPOSE = "sealed", "bbs"


def new_bbs_key(scope: Scope) -> SigningKey:
    """A BBS key of the tenant. Its handle's reference is the key itself, and lies sealed in the database."""
    secret = bbs.key_gen(scope.entropy(48))
    public = bbs.public_key(secret)
    handle = KeyHandle(STORE, b64url(secret), bbs_sd.ALGORITHM)
    key_id = uuid7(scope.now(), scope.entropy(10))
    return SigningKey(key_id, PURPOSE, bbs_sd.encode(public), bbs_sd.ALGORITHM, handle, bbs_sd.jwk_of(public))


async def signature(scope: Scope, suite: Any, key: SigningKey, prepared: ToBeSigned) -> bytes:
    """By the key store that has the key, or in the sandbox by a key that was sealed."""
    if key.handle.store != STORE:
        return await scope.keys.sign(key.handle, prepared.payload)
    made: bytes = await gather.finished(scope, suite.sign(prepared, parse_b64url(key.handle.reference)))
    return made

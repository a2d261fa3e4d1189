"""The tenant's keys for formats that sign otherwise than by certificate: one for each algorithm, made when wanted."""

from agent.audit import AuditEvent
from agent.operations.issuing.issuer_identity import PURPOSE
from agent.scope import Scope, SigningKey
from agent.tenancy import uuid7
from protocols.encoding import b64url
from protocols.jose.jwk import thumbprint

ALGORITHMS = ("EdDSA", "ES256", "ES384")


async def create_issuer_keys(scope: Scope) -> tuple[str, ...]:
    """Make the keys that are missing and possible; the algorithms that are new. Raises Conflict when raced."""
    there = {key.algorithm for key in scope.catalogue.keys if key.purpose == PURPOSE}
    missing = [name for name in ALGORITHMS if name not in there and name in scope.keys.algorithms()]
    made = []
    for algorithm in missing:
        handle, jwk = await scope.keys.generate(algorithm)
        kid = b64url(thumbprint(jwk))
        made.append(SigningKey(uuid7(scope.now(), scope.entropy(10)), PURPOSE, kid, algorithm, handle, jwk))
    if made:
        async with scope.unit() as unit:
            for key in made:
                await unit.tenants.add_key(key)
                unit.record(AuditEvent("key.created", "key", key.id, metadata={"algorithm": key.algorithm}))
            unit.changes_catalogue()
            await unit.commit()
    return tuple(key.algorithm for key in made)

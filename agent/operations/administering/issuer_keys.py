"""The tenant's keys for formats that sign otherwise than by certificate: one for each algorithm, made when wanted."""

from agent.audit import AuditEvent
from agent.operations.issuing import sealed_keys
from agent.operations.issuing.issuer_identity import ASSERTION, PURPOSES, IssuerIdentity, by_key
from agent.scope import Scope, SigningKey
from agent.scope.administering import NewAnchor
from agent.tenancy import uuid7
from protocols.encoding import b64url
from protocols.jose.jwk import thumbprint

_ROLES = ("issue", "status")
ALGORITHMS = ("EdDSA", "ES256", "ES384")


def _own(scope: Scope, key: SigningKey) -> NewAnchor:
    """A tenant believes itself."""
    name = f"{scope.tenant.name} {key.algorithm}"
    return NewAnchor(uuid7(scope.now(), scope.entropy(10)), name, None, None, _ROLES, by_key(key).did)


async def create_issuer_keys(scope: Scope, _request: None = None) -> tuple[IssuerIdentity, ...]:
    """Make the keys that are missing and possible; all of the issuer's, by did:key. Raises Conflict when raced."""
    there = [key for key in scope.catalogue.keys if key.active and key.purpose in PURPOSES]
    possible = scope.keys.algorithms() - {key.algorithm for key in there}
    made = []
    for algorithm in [name for name in ALGORITHMS if name in possible]:
        handle, jwk = await scope.keys.generate(algorithm)
        kid = b64url(thumbprint(jwk))
        made.append(SigningKey(uuid7(scope.now(), scope.entropy(10)), ASSERTION, kid, algorithm, handle, jwk))
    if not any(key.purpose == sealed_keys.PURPOSE for key in there):
        made.append(sealed_keys.new_bbs_key(scope))
    async with scope.unit() as unit:
        for key in made:
            await unit.signing_keys.add(key)
            unit.record(AuditEvent("key.created", "key", key.id, metadata={"algorithm": key.algorithm}))
        for key in (*there, *made):
            await unit.trust_anchors.add(_own(scope, key))
        unit.changes_catalogue()
        await unit.commit()
    return tuple(by_key(key) for key in (*there, *made))

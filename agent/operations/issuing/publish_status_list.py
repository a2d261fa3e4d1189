"""A status list is signed when it has changed or the last token grew old, and kept so that all processes serve one."""

from datetime import timedelta

from agent.encryption.permutation import permute
from agent.operations.issuing.issuer_identity import identities
from agent.scope import Scope
from agent.scope.status import REVOKED, VALID, PublishedToken
from agent.scope.tenants import StatusRegistry
from protocols.ports import StatusList, StatusMechanism

VALIDITY = timedelta(days=1)
_FLIPS = 8
"""At most so many decoys change with a publication, less one."""


async def publish_changed(scope: Scope, uri: str) -> bool:
    """Sign a list of ours anew in each serialization that it is asked for in; False when there is nothing new."""
    async with scope.unit() as unit:
        registry: StatusRegistry | None = await unit.status_lists.find(uri)
    if registry is None:
        return False
    signed = False
    for mechanism in serializations(scope, registry):
        async with scope.unit() as unit:
            version = await unit.status_lists.version(registry.id)
            last: PublishedToken | None = await unit.status_lists.published(registry.id, mechanism.media_type, None)
        asked_for = last is not None or mechanism.name == registry.mechanism
        if asked_for and (last is None or last.version < version):
            await publish(scope, registry, mechanism)
            signed = True
    return signed


def serializations(scope: Scope, registry: StatusRegistry) -> list[StatusMechanism]:
    """The mechanism of a list first, then others that write the same list in another media type."""
    known = scope.plugins["status_mechanisms"]
    own = known[registry.mechanism]
    return [own, *(one for one in known.values() if one is not own and one.member == own.member)]


async def publish(scope: Scope, registry: StatusRegistry, mechanism: StatusMechanism) -> PublishedToken:
    """prepare -> sign -> seal with the issuer's own key: widespread wallets check a list with its credential's key.

    A list that is a credential itself is signed by the DID that signs such credentials.
    """
    if mechanism.name == registry.mechanism:
        # Once for all serializations: each flip makes the others old.
        await _flip_decoys(scope, registry, mechanism)
    async with scope.unit() as unit:
        packed, version = await unit.status_lists.bits(registry.id)
    key, now = scope.catalogue.key("issuer"), scope.now()
    content = StatusList(
        uri=registry.uri,
        bits=registry.bits,
        packed=packed,
        issued_at=now.replace(microsecond=0),
        expires_at=now + VALIDITY,
        ttl=int(registry.ttl.total_seconds()),
        aggregation_uri=f"{scope.tenant.base_url}/status-lists",
    )
    if getattr(mechanism, "signs_by_did", False):
        identity = (await identities(scope, (key.algorithm,)))[0]
        key, prepared = identity.key, mechanism.prepare(content, identity.key.algorithm, (), identity.method)
    else:
        prepared = mechanism.prepare(content, key.algorithm, key.x5c, key.kid)
    token = mechanism.seal(prepared, await scope.keys.sign(key.handle, prepared.payload))
    published = PublishedToken(token, mechanism.media_type, version, now, now + VALIDITY)
    async with scope.unit() as unit:
        await unit.status_lists.publish(registry.id, published)
        await unit.commit()
    return published


async def _flip_decoys(scope: Scope, registry: StatusRegistry, mechanism: StatusMechanism) -> None:
    """Some places that belong to nobody change too, so that the list does not tell how many credentials did."""
    async with scope.unit() as unit:
        blocks = await unit.status_lists.decoys(registry.id)
        count = scope.entropy(1)[0] % _FLIPS if blocks else 0
        if not count:
            return
        places = {}
        for _ in range(count):
            first, size = blocks[int.from_bytes(scope.entropy(4), "big") % len(blocks)]
            place = first + int.from_bytes(scope.entropy(4), "big") % size
            index = permute(registry.permutation_key, registry.max_entries, place)
            places[index] = REVOKED if scope.entropy(1)[0] % 2 else VALID
        await unit.status_lists.flip_decoys(registry, mechanism, places)
        await unit.commit()

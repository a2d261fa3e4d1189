"""A status list is signed when it has changed or the last token grew old, and kept so that all processes serve one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.encryption.permutation import permute
from agent.operations.issuing.issuer_identity import identities
from agent.operations.issuing.secure_credential import secure
from agent.scope import Scope
from agent.scope.status import REVOKED, VALID, PublishedToken
from agent.scope.tenants import StatusRegistry
from protocols.encoding import render_json
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
    for number, one in enumerate(serializations(scope, registry)):
        async with scope.unit() as unit:
            version = await unit.status_lists.version(registry.id)
            last: PublishedToken | None = await unit.status_lists.published(registry.id, one.media_type, None)
        asked_for = last is not None or number == 0
        if asked_for and (last is None or last.version < version):
            await publish(scope, registry, one)
            signed = True
    return signed


@dataclass(frozen=True, slots=True)
class Serialization:
    """One way in which a list is written: by a mechanism, or as its credential with a proof of a cryptosuite."""

    mechanism: StatusMechanism
    media_type: str
    cryptosuite: str | None = None


def serializations(scope: Scope, registry: StatusRegistry) -> list[Serialization]:
    """The list's own way first: with a proof, where the tenant chose a cryptosuite; then the others."""
    known = scope.plugins["status_mechanisms"]
    own = known[registry.mechanism]
    found = [own, *(one for one in known.values() if one is not own and one.member == own.member)]
    suite, media_type = scope.catalogue.settings.get("status_list_cryptosuite"), getattr(own, "proof_media_type", None)
    proved = [Serialization(own, media_type, suite)] if suite and media_type else []
    return proved + [Serialization(one, one.media_type) for one in found]


async def publish(scope: Scope, registry: StatusRegistry, how: Serialization) -> PublishedToken:
    """Signed with the issuer's own key: widespread wallets check a list with its credential's key.

    A list that is a credential itself is signed by the DID that signs such credentials.
    """
    if how == serializations(scope, registry)[0]:
        # Once for all serializations: each flip makes the others old.
        await _flip_decoys(scope, registry, how.mechanism)
    async with scope.unit() as unit:
        packed, version = await unit.status_lists.bits(registry.id)
    now = scope.now()
    content = _content(scope, registry, packed, now)
    if how.cryptosuite is not None:
        token = await _proved(scope, how.mechanism, how.cryptosuite, content)
    else:
        token = await _signed(scope, how.mechanism, content)
    published = PublishedToken(token, how.media_type, version, now, now + VALIDITY)
    async with scope.unit() as unit:
        await unit.status_lists.publish(registry.id, published)
        await unit.commit()
    return published


def _content(scope: Scope, registry: StatusRegistry, packed: bytes, now: datetime) -> StatusList:
    return StatusList(
        uri=registry.uri,
        bits=registry.bits,
        packed=packed,
        issued_at=now.replace(microsecond=0),
        expires_at=now + VALIDITY,
        ttl=int(registry.ttl.total_seconds()),
        aggregation_uri=f"{scope.tenant.base_url}/status-lists",
        purposes=(registry.purpose,),
    )


async def _signed(scope: Scope, mechanism: StatusMechanism, content: StatusList) -> bytes:
    """prepare -> sign -> seal."""
    key = scope.catalogue.key("issuer")
    if getattr(mechanism, "signs_by_did", False):
        identity = (await identities(scope, (key.algorithm,)))[0]
        key, prepared = identity.key, mechanism.prepare(content, identity.key.algorithm, (), identity.method)
    else:
        prepared = mechanism.prepare(content, key.algorithm, key.x5c, key.kid)
    return mechanism.seal(prepared, await scope.keys.sign(key.handle, prepared.payload))


async def _proved(scope: Scope, mechanism: Any, cryptosuite: str, content: StatusList) -> bytes:
    """The list's credential with a Data Integrity proof."""
    suite = scope.plugins["cryptosuites"][cryptosuite]
    identity = (await identities(scope, suite.algorithms))[0]
    credential = mechanism.credential(content, identity.did)
    return render_json(await secure(scope, suite, credential, identity, "assertionMethod"))


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

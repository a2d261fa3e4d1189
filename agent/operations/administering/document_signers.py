"""Mobile documents' certificates: a tenant's IACA and its document signer, made and renewed (ISO/IEC 18013-5, B)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from agent.audit import AuditEvent
from agent.keyring import Keyring
from agent.scope import Conflict, Scope
from agent.scope.administering import NewAnchor
from agent.scope.tenants import CredentialConfiguration, SigningKey
from agent.tenancy import uuid7
from protocols import x509
from protocols.encoding import b64url
from protocols.jose.jwk import thumbprint
from protocols.x509 import Authority, load_certificate

IACA, SIGNER = "iaca", "document_signer"
COUNTRY = "ZZ"
"""The country of a tenant that named none: reserved for users by ISO 3166-1, so no country's."""
_ALGORITHM = "ES256"
_IACA_LIFETIME, _SIGNER_LIFETIME = timedelta(days=9 * 365), timedelta(days=457)
_IACA_AHEAD, _SIGNER_AHEAD = timedelta(days=2 * 457), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What making keys and certificates takes, whether a tenant is being founded or renews its own."""

    keys: Keyring
    now: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    base_url: str

    def authority(self, iaca: str) -> Authority:
        """What certificates say of the authority whose key has this id."""
        return Authority(self.base_url, f"{self.base_url}/iaca/{iaca}.crl")

    def begin(self) -> datetime:
        """When a certificate made now begins to hold: other clocks may be a little behind."""
        return self.now().replace(microsecond=0) - timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DocumentSigning:
    """A tenant's certificates of mobile documents (DER)."""

    iaca: bytes
    signer: bytes


async def make_iaca(workshop: Workshop, name: str, country: str, store: str | None = None) -> SigningKey:
    """A new root in a key store; its certificate is its chain."""
    key, begins = await _key(workshop, IACA, store), workshop.begin()
    prepared = x509.prepare_iaca(
        {"country_name": country, "organization_name": name, "common_name": f"{name} IACA"},
        key.jwk,
        workshop.authority(key.kid),
        algorithm=key.algorithm,
        serial=workshop.entropy(16),
        not_before=begins,
        not_after=begins + _IACA_LIFETIME,
    )
    return replace(key, x5c=(x509.seal(prepared, await workshop.keys.sign(key.handle, prepared.payload)),))


async def make_signer(workshop: Workshop, iaca: SigningKey, store: str | None = None) -> SigningKey:
    """A new document signer under the root."""
    key, begins = await _key(workshop, SIGNER, store), workshop.begin()
    above = load_certificate(iaca.x5c[0])
    prepared = x509.prepare_document_signer(
        f"Document signer {key.kid[:8]}",
        key.jwk,
        workshop.authority(iaca.kid),
        algorithm=iaca.algorithm,
        serial=workshop.entropy(16),
        not_before=max(begins, above.not_before),
        not_after=min(begins + _SIGNER_LIFETIME, above.not_after),
        issuer=iaca.x5c[0],
    )
    return replace(key, x5c=(x509.seal(prepared, await workshop.keys.sign(iaca.handle, prepared.payload)),))


async def _key(workshop: Workshop, purpose: str, store: str | None) -> SigningKey:
    handle, jwk = await workshop.keys.generate(_ALGORITHM, store)
    key_id = uuid7(workshop.now(), workshop.entropy(10))
    return SigningKey(key_id, purpose, b64url(thumbprint(jwk)), _ALGORITHM, handle, jwk)


def iaca_anchor(anchor_id: UUID, iaca: SigningKey) -> NewAnchor:
    """A tenant believes its own documents."""
    return NewAnchor(anchor_id, "IACA", iaca.x5c[0], None, ("issue",))


async def document_signing(scope: Scope, _request: None) -> DocumentSigning:
    """The certificates in use. Raises KeyError for a tenant that has none yet."""
    return DocumentSigning(scope.catalogue.key(IACA).x5c[0], scope.catalogue.key(SIGNER).x5c[0])


async def renew(scope: Scope, at_once: bool = False) -> bool:
    """Make what lacks or comes to its end, the signer `at_once` whatever its end; whether there is something new.

    The keys are made first, then one transaction retires the old and puts the new in their place; when another process
    was faster, what was made is forgotten.
    """
    old_iaca, old_signer = _current(scope, IACA), _current(scope, SIGNER)
    new_iaca = old_iaca is None or _ends(old_iaca) - scope.now() < _IACA_AHEAD
    if not new_iaca and not at_once and old_signer and _ends(old_signer) - scope.now() >= _ahead(scope):
        return False
    workshop = Workshop(scope.keys, scope.now, scope.entropy, scope.tenant.base_url)
    iaca = old_iaca
    if new_iaca or iaca is None:
        iaca = await make_iaca(workshop, *_subject(scope, old_iaca), old_iaca.handle.store if old_iaca else None)
    signer = await make_signer(workshop, iaca, old_signer.handle.store if old_signer else None)
    made = [(signer, old_signer)] if iaca is old_iaca else [(iaca, old_iaca), (signer, old_signer)]
    try:
        await _settle(scope, made)
    except Conflict:
        for key, _ in made:
            await scope.keys.store(key.handle.store).forget(key.handle)
        return False
    return True


async def _settle(scope: Scope, made: list[tuple[SigningKey, SigningKey | None]]) -> None:
    async with scope.unit() as unit:
        for key, old in made:
            await unit.signing_keys.rotate(key, old, _ends(key))
            if key.purpose == IACA:
                await unit.trust_anchors.add(iaca_anchor(uuid7(scope.now(), scope.entropy(10)), key))
            unit.record(AuditEvent("signing_key.renewed", "key_pair", key.id, metadata={"purpose": key.purpose}))
        unit.changes_catalogue()
        await unit.commit()


def _current(scope: Scope, purpose: str) -> SigningKey | None:
    return next((key for key in scope.catalogue.keys if key.purpose == purpose), None)


def _ends(key: SigningKey) -> datetime:
    return load_certificate(key.x5c[0]).not_after


def _ahead(scope: Scope) -> timedelta:
    """A signer signs no document that would outlive it: it is followed before its longest one would."""
    longest = max((one.lifetime for one in _documents(scope) if one.lifetime), default=timedelta())
    return min(longest + _SIGNER_AHEAD, _SIGNER_LIFETIME - _SIGNER_AHEAD)


def _documents(scope: Scope) -> list[CredentialConfiguration]:
    return [one for one in scope.catalogue.every_configuration if one.format == "mso_mdoc"]


def _subject(scope: Scope, old: SigningKey | None) -> tuple[str, str]:
    """The name and country of the root before, or of a tenant that has none yet."""
    if old is None:
        return scope.catalogue.verifier_name, COUNTRY
    stated = {one.rfc4514_attribute_name: str(one.value) for one in load_certificate(old.x5c[0]).subject}
    return stated["O"], stated["C"]

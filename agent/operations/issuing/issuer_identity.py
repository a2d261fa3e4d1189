"""Who a tenant is in documents that name keys by DID: did:web at its base URL, or did:key of the signing key.

did:web needs https; where there is none (development), the DID is the key's own.
"""

from dataclasses import dataclass
from typing import Any

from agent.operations.issuing import sealed_keys
from agent.scope import Scope, SigningKey
from agent.scope.tenants import CredentialConfiguration
from protocols.did import multikey
from protocols.openid4vci.errors import CredentialRequestDenied

# Keys with a certificate, and keys that DIDs alone name: both stand in the tenant's DID document.
CERTIFIED, ASSERTION = "issuer", "assertion"
PURPOSES = (CERTIFIED, ASSERTION, sealed_keys.PURPOSE)


@dataclass(frozen=True, slots=True)
class IssuerIdentity:
    """A DID of the tenant, its key, and the DID URL of that key."""

    did: str
    method: str
    key: SigningKey


class NoSigningKey(CredentialRequestDenied):
    """The issuer has no key for this kind of credential."""


async def signer_of(
    scope: Scope, configuration: CredentialConfiguration, issues: Any
) -> tuple[SigningKey, str, str | None]:
    """Key, issuer identifier, and the DID URL of the key where the format is signed by DID. Raises NoSigningKey."""
    if not getattr(issues, "signs_by_did", False):
        return scope.catalogue.key(getattr(issues, "signing_purpose", CERTIFIED)), scope.tenant.base_url, None
    known = await identities(scope, (configuration.algorithm,))
    if not known:
        raise NoSigningKey(configuration.algorithm)
    return known[0].key, known[0].did, known[0].method


async def identities(scope: Scope, algorithms: tuple[str, ...]) -> list[IssuerIdentity]:
    """Every name under which the tenant can sign with one of these algorithms, the preferred first."""
    keys = [key for name in algorithms for key in scope.catalogue.keys if _signs(key, name)]
    web = await _web(scope)
    # The DID document of the tenant lists no keys that JOSE does not know.
    listed = [key for key in keys if key.purpose != sealed_keys.PURPOSE]
    by_web = [IssuerIdentity(web, f"{web}#{key.kid}", key) for key in listed] if web else []
    return [*by_web, *(by_key(key) for key in keys)]


def _signs(key: SigningKey, algorithm: str) -> bool:
    return key.active and key.purpose in PURPOSES and key.algorithm == algorithm


def by_key(key: SigningKey) -> IssuerIdentity:
    """The key as its own DID."""
    encoded = key.kid if key.purpose == sealed_keys.PURPOSE else multikey.encode(key.jwk)
    return IssuerIdentity(f"did:key:{encoded}", f"did:key:{encoded}#{encoded}", key)


async def _web(scope: Scope) -> str | None:
    """The tenant's did:web, where anybody can resolve it."""
    registrar = scope.plugins["did_methods"].get("web")
    if registrar is None or not scope.tenant.base_url.startswith("https://"):
        return None
    made = await registrar.create({}, {"base_url": scope.tenant.base_url, "relationships": {}, "services": []})
    return str(made.id)

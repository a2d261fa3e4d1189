"""Keys in DID documents, believed for who has the DID; for an issuer only when the tenant trusts that DID."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from protocols.did import (
    DidDocument,
    DidNotFound,
    DidUrl,
    FeatureNotSupported,
    InvalidDid,
    Version,
    find_key,
    parse_did,
    parse_did_url,
)
from protocols.did.parameters import version_of
from protocols.jose.jwk import algorithm
from protocols.ports import KeyReference, PluginTools, Purpose, TrustAnchor, TrustedKey, UntrustedKey

_RELATIONSHIPS = {Purpose.HOLD: "authentication"}


class UntrustedDid(UntrustedKey):
    """The DID is not trusted for this."""

    code = "untrusted_did"


class DidUrlTrust:
    """`ports.TrustResolver` for `did_url`."""

    kind: ClassVar[str] = "did_url"

    def __init__(self, tools: PluginTools) -> None:
        self._methods: Mapping[str, Any] = tools.families.get("did_methods", {})

    async def resolve(
        self, reference: KeyReference, purpose: Purpose, anchors: tuple[TrustAnchor, ...], now: float
    ) -> TrustedKey:
        """The key in the relationship that fits the purpose. Raises UntrustedDid, InvalidDid, DidNotFound."""
        url = parse_did_url(reference.value)
        fitting = (one for one in anchors if one.identifier == url.did and one.fits(purpose, reference.type))
        anchor = next(fitting, None)
        if purpose is not Purpose.HOLD and anchor is None:
            raise UntrustedDid("no anchor for this DID, purpose and type")
        if reference.issuer is not None and reference.issuer != url.did:
            raise UntrustedDid("the key is not the issuer's")
        resolver = self._methods.get(parse_did(url.did)[0])
        if resolver is None:
            raise DidNotFound("unknown method")
        document = await _document(resolver, url, reference.proven_at)
        named = f"{document.id}#{url.fragment}"
        jwk = find_key(document, _RELATIONSHIPS.get(purpose, "assertionMethod"), named) if url.fragment else None
        if jwk is None:
            raise DidNotFound("no such key in the relationship")
        return TrustedKey(jwk, algorithm(jwk), (), anchor, url.did)


async def _document(resolver: Any, url: DidUrl, proven_at: float | None) -> DidDocument:
    """The document of now, or of the time that the signature is proven to be of.

    Whoever once had a key would sign with it for ever if it were enough to name the version that listed it.
    """
    if url.path:
        raise InvalidDid("a key has no path")
    pinned = version_of(url.query)
    if proven_at is None:
        current: DidDocument = await resolver.resolve(url.did)
        if pinned and current.metadata.get("versionId") != pinned.id:
            raise UntrustedDid("a key of another version, and no proof of when it was used")
        return current
    asked = Version(time=datetime.fromtimestamp(proven_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    try:
        found: DidDocument = await resolver.resolve_version(url.did, asked)
    except (AttributeError, FeatureNotSupported):
        raise UntrustedDid("the method keeps no former keys") from None
    if pinned and found.metadata.get("versionId") != pinned.id:
        raise UntrustedDid("the version was not in force when it was signed")
    return found

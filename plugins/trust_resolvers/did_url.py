"""Keys in DID documents, believed for who has the DID; for an issuer only when the tenant trusts that DID."""

from collections.abc import Mapping
from typing import Any, ClassVar

from protocols.did import DidNotFound, keys, parse_did, parse_did_url
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
        document = await resolver.resolve(url.did)
        jwk = keys(document, _RELATIONSHIPS.get(purpose, "assertionMethod")).get(reference.value)
        if jwk is None:
            raise DidNotFound("no such key in the relationship")
        return TrustedKey(jwk, algorithm(jwk), (), anchor, url.did)

"""Keys that the tenant wrote down beside an identifier: a wallet provider's, an issuer's without certificates."""

from typing import ClassVar

from protocols.jose import jwk as jwks
from protocols.ports import KeyReference, PluginTools, Purpose, TrustAnchor, TrustedKey, UntrustedKey


class RegisteredTrust:
    """`ports.TrustResolver` for `registered`: `value` is a kid or None, `issuer` the identifier."""

    kind: ClassVar[str] = "registered"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    async def resolve(
        self, reference: KeyReference, purpose: Purpose, anchors: tuple[TrustAnchor, ...], _now: float
    ) -> TrustedKey:
        """The key of the anchor with this identifier; without a kid it must have but one. Raises UntrustedKey."""
        for anchor in anchors:
            if anchor.identifier != reference.issuer or not anchor.fits(purpose, reference.type):
                continue
            keys = [key for key in anchor.public_keys if reference.value is None or key.get("kid") == reference.value]
            if len(keys) == 1:
                jwk = jwks.public(keys[0])
                return TrustedKey(jwk, jwks.algorithm(keys[0]), (), anchor, anchor.identifier)
        raise UntrustedKey("no such key of an identifier that is trusted for this")

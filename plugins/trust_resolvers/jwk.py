"""Keys that stand in the open: believed for nothing but that somebody holds them."""

from collections.abc import Mapping
from typing import ClassVar

from protocols.encoding import b64url
from protocols.jose import jwk as jwks
from protocols.ports import KeyReference, PluginTools, Purpose, TrustAnchor, TrustedKey, UntrustedKey


class JwkTrust:
    """`ports.TrustResolver` for `jwk`."""

    kind: ClassVar[str] = "jwk"

    def __init__(self, _tools: PluginTools) -> None:
        pass

    async def resolve(
        self, reference: KeyReference, purpose: Purpose, _anchors: tuple[TrustAnchor, ...], _now: float
    ) -> TrustedKey:
        """The key itself, for a holder; named by its thumbprint. Raises UntrustedKey, Malformed."""
        if purpose is not Purpose.HOLD:
            raise UntrustedKey("a bare key says nothing of whose it is")
        if reference.issuer is not None:
            raise UntrustedKey("a bare key belongs to no identifier")
        if not isinstance(reference.value, Mapping):
            raise UntrustedKey("no JWK")
        algorithm = jwks.algorithm(reference.value)
        jwk = jwks.public(reference.value)
        return TrustedKey(jwk, algorithm, identifier=b64url(jwks.thumbprint(jwk)))

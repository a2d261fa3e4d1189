"""Keys that an issuer publishes at its own address, believed when the tenant believes the issuer (SD-JWT VC, 3)."""

from typing import ClassVar

from protocols.encoding import parse_json_object
from protocols.jose.jwk import algorithm
from protocols.ports import Fetch, KeyReference, PluginTools, Purpose, TrustAnchor, TrustedKey, UntrustedKey
from protocols.sd_jwt import issuer_keys

_JSON = "application/json"
_MOST_BYTES = 200_000


class JwtVcIssuerTrust:
    """`ports.TrustResolver` for `jwt_vc_issuer`: `value` is a kid or None, `issuer` an https URL."""

    kind: ClassVar[str] = "jwt_vc_issuer"

    def __init__(self, tools: PluginTools) -> None:
        self._fetch: Fetch = tools.fetch

    async def resolve(
        self, reference: KeyReference, purpose: Purpose, anchors: tuple[TrustAnchor, ...], _now: float
    ) -> TrustedKey:
        """First the anchor, then the fetch: nobody's address is asked whom nobody believes.

        Raises UntrustedKey, InvalidSdJwt, Malformed, FetchRefused, FetchFailed.
        """
        issuer = reference.issuer
        fitting = (one for one in anchors if one.identifier == issuer and one.fits(purpose, reference.type))
        anchor = next(fitting, None)
        if anchor is None or issuer is None:
            raise UntrustedKey("no anchor for this issuer, purpose and type")
        found = issuer_keys.parse(await self._get(issuer_keys.address(issuer)), issuer)
        if isinstance(found, str):
            found = issuer_keys.key_set(parse_json_object(await self._get(found)))
        jwk = issuer_keys.choose(found, reference.value)
        return TrustedKey(jwk, algorithm(jwk), (), anchor, issuer)

    async def _get(self, url: str) -> bytes:
        answer = await self._fetch.get(url, _JSON, _MOST_BYTES)
        if answer.status != 200 or answer.media_type != _JSON:
            raise UntrustedKey("status or media type of the issuer's metadata")
        return answer.body

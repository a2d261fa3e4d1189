"""GET /jwks and /.well-known/jwt-vc-issuer: the issuer's keys, those that sign no more included."""

from collections.abc import Mapping
from typing import Any

from agent.scope import Scope
from protocols.jose import jwk_set
from protocols.sd_jwt import issuer_metadata


async def serve_jwks(scope: Scope, _request: None) -> Mapping[str, Any]:
    """The key that signs first; then those whose signatures may still be met."""
    keys = [key for key in scope.catalogue.keys if key.purpose == "issuer" and key.published(scope.now())]
    return jwk_set.as_json((key.kid, key.algorithm, key.jwk) for key in sorted(keys, key=lambda one: not one.active))


async def serve_jwt_vc_issuer(scope: Scope, request: None) -> Mapping[str, Any]:
    """JWT VC Issuer Metadata, for who does not go by the certificate in the credential."""
    return issuer_metadata.as_json(scope.tenant.base_url, await serve_jwks(scope, request))

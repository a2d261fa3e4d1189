"""What the issuer publishes about its keys and types."""

from agent.operations.issuing.published_keys import serve_jwks, serve_jwt_vc_issuer
from agent.operations.issuing.serve_schema import serve_schema
from agent.operations.issuing.serve_type_metadata import serve_type_metadata
from protocols.http import Route
from protocols.jose import jwk_set
from protocols.sd_jwt import issuer_metadata, type_metadata

ROUTES = (
    Route("GET", "/jwks", None, jwk_set.parse, serve_jwks, jwk_set.render),
    Route("GET", "/schemas/{type}", None, type_metadata.parse, serve_schema, type_metadata.render),
    Route("GET", "/types/{name}", None, type_metadata.parse, serve_type_metadata, type_metadata.render),
    Route("GET", issuer_metadata.WELL_KNOWN, None, issuer_metadata.parse, serve_jwt_vc_issuer, issuer_metadata.render),
)

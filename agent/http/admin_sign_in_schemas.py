"""Bodies of the admin API about signing in."""

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema
from protocols.oidc.provider_metadata import METHODS


class IdentityProviderBody(ClosedSchema):
    """POST /identity-providers."""

    issuer = fields.String(required=True, validate=validate.Length(1, 2048))
    name = fields.String(required=True, validate=validate.Length(1, 100))
    client_id = fields.String(required=True, validate=validate.Length(1, 2048))
    method = fields.String(validate=validate.OneOf(METHODS), load_default="client_secret_basic")
    client_secret = fields.String(validate=validate.Length(8, 2048), load_default=None)
    scope = fields.String(validate=validate.Regexp(r"^[\x21-\x7e]+( [\x21-\x7e]+)*$"), load_default="openid profile")
    userinfo = fields.Boolean(load_default=False)


class UserStatusBody(ClosedSchema):
    """PATCH /users/{user}."""

    status = fields.String(required=True, validate=validate.OneOf(["active", "suspended"]))

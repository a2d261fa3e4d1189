"""The admin API's bodies: closed marshmallow schemas; an unknown member is refused, so nothing is set by accident."""

import json
from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from protocols.errors import ProtocolError
from protocols.http import Call

WORD = validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$")


class InvalidInput(ProtocolError):
    """The request body does not fit its schema."""

    code = "invalid_input"
    status = 422

    def __init__(self, errors: dict[str, Any]) -> None:
        super().__init__("fields: " + ", ".join(sorted(map(str, errors)))[:200])
        self.fields = json.loads(json.dumps(errors))  # positions in lists are numbers


class ClosedSchema(Schema):
    """A schema that refuses what it does not name."""

    class Meta:
        unknown = RAISE

    @classmethod
    def read(cls, call: Call) -> dict[str, Any]:
        """The body's values. Raises InvalidInput, Malformed."""
        try:
            loaded: dict[str, Any] = _instance(cls).load(call.json() if call.body else {})
        except ValidationError as error:
            raise InvalidInput(dict(error.normalized_messages())) from None  # type: ignore[no-untyped-call]  # marshmallow
        return loaded


@cache
def _instance(kind: type[ClosedSchema]) -> ClosedSchema:
    """One of each kind: making one copies every field, which costs more than reading a body."""
    return kind()


def small(value: dict[str, Any]) -> bool:
    """Claims take at most 256 KiB as JSON."""
    if len(json.dumps(value)) > 262_144:
        raise ValidationError("Claims are too large.")
    return True


class CredentialOfferBody(ClosedSchema):
    """POST /credential-offers."""

    credential_configuration_ids = fields.List(
        fields.String(validate=validate.Length(1, 512)), required=True, validate=validate.Length(1, 16)
    )
    claims = fields.Dict(load_default=dict, validate=small)
    subject = fields.String(validate=validate.Length(1, 256), load_default=None)
    grant = fields.String(
        validate=validate.OneOf(["pre-authorized_code", "authorization_code"]), load_default="pre-authorized_code"
    )
    tx_code = fields.Boolean(load_default=False)
    by_value = fields.Boolean(load_default=False)
    expires_in = fields.Integer(validate=validate.Range(30, 604_800), load_default=None, strict=True)


class TrustAnchorBody(ClosedSchema):
    """POST /trust-anchors."""

    name = fields.String(validate=validate.Length(1, 200), load_default="trust anchor")
    certificate = fields.String(validate=validate.Length(1, 20_000), load_default=None)
    did = fields.String(validate=validate.Length(7, 2048), load_default=None)
    issuer = fields.String(validate=validate.Regexp(r"^https://[^\s?#]{1,2000}$"), load_default=None)
    roles = fields.List(
        fields.String(validate=validate.OneOf(["issue", "status", "request", "attest_wallet", "authenticate_client"])),
        load_default=["issue", "status"],
        validate=validate.Length(1, 5),
    )


class OwnDatabaseBody(ClosedSchema):
    """A database of a tenant's own, made beforehand."""

    server = fields.String(validate=WORD, load_default="here")
    name = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_-]{0,62}$"))


class TenantBody(ClosedSchema):
    """POST /tenants."""

    name = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9-]{0,98}[a-z0-9]$"))
    display_name = fields.String(required=True, validate=validate.Length(1, 200))
    key_stores = fields.Dict(keys=fields.String(validate=WORD), values=fields.String(validate=WORD), load_default=dict)
    country = fields.String(validate=validate.Regexp(r"^[A-Z]{2}$"), load_default=None)
    configurations = fields.List(fields.String(validate=WORD), load_default=lambda: ["pid"])
    database = fields.Nested(OwnDatabaseBody, load_default=None)


class UserBody(ClosedSchema):
    """POST /users."""

    email = fields.Email(required=True, validate=validate.Length(3, 320))
    password = fields.String(validate=validate.Length(12, 1024), load_default=None)
    external_id = fields.String(validate=validate.Length(1, 256), load_default=None)
    claims = fields.Dict(load_default=dict, validate=small)


class ClientBody(ClosedSchema):
    """POST /clients."""

    client_id = fields.String(required=True, validate=validate.Length(1, 2048))
    name = fields.String(required=True, validate=validate.Length(1, 200))
    method = fields.String(validate=WORD, load_default="none")
    jwks = fields.List(fields.Dict(), load_default=list, validate=validate.Length(0, 10))
    tls_client_auth_subject_dn = fields.String(validate=validate.Length(1, 1024))
    tls_client_auth_san_dns = fields.String(validate=validate.Length(1, 1024))
    tls_client_auth_san_uri = fields.String(validate=validate.Length(1, 1024))
    tls_client_auth_san_ip = fields.String(validate=validate.Length(1, 1024))
    tls_client_auth_san_email = fields.String(validate=validate.Length(1, 1024))
    redirect_uris = fields.List(
        fields.String(validate=validate.Length(1, 2048)), load_default=list, validate=validate.Length(0, 20)
    )


class PolicyBody(ClosedSchema):
    """The policy in PATCH /issuer."""

    public_clients = fields.Boolean()
    anonymous_pre_authorized = fields.Boolean()
    require_client_attestation = fields.Boolean()
    require_attestation_challenge = fields.Boolean()
    require_dpop = fields.Boolean()
    require_dpop_nonce = fields.Boolean()
    require_par = fields.Boolean()
    require_encryption = fields.Boolean()
    refresh_tokens = fields.Boolean()
    rotate_refresh_tokens = fields.Boolean()
    revoke_on_code_replay = fields.Boolean()
    password_sign_in = fields.Boolean()
    passkey_sign_in = fields.Boolean()
    upstream_sign_in = fields.Boolean()


class LogoBody(ClosedSchema):
    """A logo in a display (OpenID4VCI 1.0, 12.2.4)."""

    uri = fields.String(required=True, validate=validate.Regexp(r"^(https://|data:image/)[^\s]{1,100000}$"))
    alt_text = fields.String(validate=validate.Length(1, 200))


class DisplayBody(ClosedSchema):
    """A name in one language (BCP 47)."""

    name = fields.String(required=True, validate=validate.Length(1, 200))
    locale = fields.String(validate=validate.Regexp(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"))
    logo = fields.Nested(LogoBody)


def one_of_each_language(display: list[dict[str, Any]]) -> bool:
    """A language once (12.2.4)."""
    languages = [one.get("locale") for one in display]
    if len(set(languages)) != len(languages):
        raise ValidationError("One entry for each locale.")
    return True


class IssuerBody(ClosedSchema):
    """PATCH /issuer."""

    profiles = fields.List(
        fields.String(validate=validate.OneOf(["openid4vci-1.0", "haip-1.0"])), validate=validate.Length(1, 2)
    )
    policy = fields.Nested(PolicyBody)
    display = fields.List(fields.Nested(DisplayBody), validate=[validate.Length(1, 50), one_of_each_language])
    vc_api = fields.String(validate=validate.OneOf(["off", "authenticated", "open"]))
    status_list_cryptosuite = fields.String(validate=validate.Regexp(r"^[A-Za-z0-9-]{1,64}$"))


class ApiKeyBody(ClosedSchema):
    """POST /api-keys."""

    name = fields.String(required=True, validate=validate.Length(1, 100))
    role = fields.String(required=True, validate=WORD)
    expires_in = fields.Integer(validate=validate.Range(60, 315_360_000), load_default=None, strict=True)

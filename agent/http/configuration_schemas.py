"""The bodies of credential configurations, closed as the others are."""

from typing import Any

from marshmallow import ValidationError, fields, validate

from agent.http.admin_schemas import WORD, ClosedSchema, DisplayBody, one_of_each_language, small
from agent.http.policy_schemas import NAME, SourceBody

_LIFETIME = validate.Range(60, 315_360_000)
# RFC 6749, 3.3, without the space between tokens.
_SCOPE = validate.Regexp(r"^[\x21\x23-\x5b\x5d-\x7e]{1,128}$")
_COLOUR = validate.Regexp(r"^#[0-9A-Fa-f]{6}$")
_LEVELS = validate.Length(1, 16)


class AttestationsBody(ClosedSchema):
    """key_attestations_required (OpenID4VCI 1.0, 12.2.4): {} asks for one of any level."""

    key_storage = fields.List(fields.String(validate=WORD), validate=_LEVELS)
    user_authentication = fields.List(fields.String(validate=WORD), validate=_LEVELS)


class CredentialDisplayBody(DisplayBody):
    """How a credential looks, in one language."""

    description = fields.String(validate=validate.Length(1, 2000))
    background_color = fields.String(validate=_COLOUR)
    text_color = fields.String(validate=_COLOUR)


def _path(value: Any) -> bool:
    """A claims path: names, indexes, null for every element (OpenID4VP 1.0, 7)."""
    good = isinstance(value, list) and 1 <= len(value) <= 16
    if not good or not all(one is None or (type(one) is int and one >= 0) or isinstance(one, str) for one in value):
        raise ValidationError("Not a claims path.")
    return True


class ClaimBody(ClosedSchema):
    """A claim in the metadata (appendix B.2)."""

    path = fields.Raw(required=True, validate=_path)
    mandatory = fields.Boolean()
    display = fields.List(fields.Nested(DisplayBody), validate=[validate.Length(1, 50), one_of_each_language])


def _display() -> Any:
    return fields.List(fields.Nested(CredentialDisplayBody), validate=[validate.Length(1, 50), one_of_each_language])


class NewConfigurationBody(ClosedSchema):
    """POST /credential-configurations."""

    credential_configuration_id = fields.String(required=True, validate=NAME)
    format = fields.String(required=True, validate=validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9_+.-]{0,63}$"))
    type = fields.String(required=True, validate=validate.Length(1, 1024))
    schema = fields.Dict(validate=small)
    scope = fields.String(validate=_SCOPE)
    algorithm = fields.String(validate=WORD)
    lifetime = fields.Integer(validate=_LIFETIME, strict=True)
    display = _display()
    claims = fields.List(fields.Nested(ClaimBody), validate=validate.Length(0, 200))
    disclosable = fields.List(fields.Raw(validate=_path), validate=validate.Length(0, 200))
    binding_methods = fields.List(fields.String(validate=WORD), validate=validate.Length(0, 16))
    proof_types = fields.Dict(
        keys=fields.String(validate=WORD),
        values=fields.List(fields.String(validate=WORD), validate=validate.Length(1, 16)),
    )
    key_attestations_required = fields.Nested(AttestationsBody)
    status = fields.String(validate=WORD, allow_none=True)
    status_purposes = fields.List(fields.String(validate=WORD), validate=validate.Length(1, 8))
    status_messages = fields.List(fields.String(validate=validate.Length(1, 200)), validate=validate.Length(0, 256))
    options = fields.Dict(validate=small)


class FormatBody(ClosedSchema):
    """How one format has a definition."""

    type = fields.String(required=True, validate=validate.Length(1, 1024))
    namespace = fields.String(validate=validate.Length(1, 200))
    names = fields.Dict(keys=fields.String(), values=fields.String(validate=validate.Length(1, 200)))
    algorithm = fields.String(validate=WORD)
    options = fields.Dict(validate=small)


class DefinitionBody(ClosedSchema):
    """POST /credential-definitions."""

    name = fields.String(required=True, validate=NAME)
    schema = fields.Dict(required=True, validate=small)
    formats = fields.Dict(
        required=True, keys=fields.String(), values=fields.Nested(FormatBody), validate=validate.Length(1, 8)
    )
    display = _display()
    claims = fields.List(fields.Nested(ClaimBody), validate=validate.Length(0, 200))
    lifetime = fields.Integer(validate=_LIFETIME, strict=True)
    status = fields.Boolean()


class ConfigurationBody(ClosedSchema):
    """PATCH /credential-configurations/{configuration}: null takes away, what is not named stays."""

    claim_source = fields.Nested(SourceBody, allow_none=True)
    policy = fields.String(validate=NAME, allow_none=True)
    active = fields.Boolean()
    key_attestations_required = fields.Nested(AttestationsBody, allow_none=True)
    display = _display()
    scope = fields.String(validate=_SCOPE)
    lifetime = fields.Integer(validate=_LIFETIME, strict=True)

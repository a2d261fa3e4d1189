"""Bodies of the admin API about the issuer's keys and types."""

from marshmallow import fields, validate

from agent.http.admin_schemas import WORD, ClosedSchema

_URI = validate.Regexp(r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s]+$")
_SRI = validate.Regexp(r"^sha(256|384|512)-[A-Za-z0-9+/]+={0,2}( sha(256|384|512)-[A-Za-z0-9+/]+={0,2})*$")


class KeyBody(ClosedSchema):
    """POST /keys."""

    purpose = fields.String(validate=WORD, load_default="issuer")
    overlap = fields.Integer(validate=validate.Range(0, 315_360_000), load_default=None, strict=True)


class TypeBody(ClosedSchema):
    """POST /credential-types."""

    credential_configuration_id = fields.String(required=True, validate=validate.Length(1, 512))
    name = fields.String(required=True, validate=validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"))
    title = fields.String(validate=validate.Length(1, 200), load_default=None)
    description = fields.String(validate=validate.Length(1, 2000), load_default=None)
    extends = fields.String(validate=[validate.Length(1, 2048), _URI], load_default=None)
    extends_integrity = fields.String(validate=[validate.Length(1, 1024), _SRI], load_default=None)


class ChosenTypeBody(ClosedSchema):
    """PATCH /credential-configurations/{configuration}."""

    vct = fields.String(required=True, validate=validate.Length(1, 1024))

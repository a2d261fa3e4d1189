"""The admin API's bodies about presentations: closed, as the others."""

from typing import Any, get_args

from marshmallow import ValidationError, fields, validate

from agent.http.admin_schemas import WORD, ClosedSchema
from agent.operations.administering.configure_verifier import PROFILES
from agent.scope.policies import LegalBasis
from protocols import haip
from protocols.openid4vp.authorization_request import RESPONSE_MODES

_QUERY_NAME = validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
_TEXT = validate.Length(1, 2048)


class PlainCredentialBody(ClosedSchema):
    """A credential in plain words."""

    type = fields.String(required=True, validate=_TEXT)
    format = fields.String(validate=validate.Regexp(r"^[A-Za-z0-9_+.-]{1,64}$"), load_default="dc+sd-jwt")
    claims = fields.List(fields.String(validate=_TEXT), load_default=list, validate=validate.Length(0, 50))
    id = fields.String(validate=validate.Regexp(r"^[A-Za-z0-9_-]{1,64}$"), load_default=None)


def _plain() -> Any:
    return fields.List(fields.Nested(PlainCredentialBody), validate=validate.Length(1, 50))


def _objects(most: int) -> Any:
    return fields.List(fields.Dict(), load_default=list, validate=validate.Length(0, most))


class PresentationRequestBody(ClosedSchema):
    """POST /presentation-requests. One of `dcql_query`, `query` (the name of a stored one) and `credentials`."""

    dcql_query = fields.Dict()
    query = fields.String(validate=_QUERY_NAME)
    credentials = _plain()
    client_id_prefix = fields.String(validate=WORD, load_default="x509_hash")
    client_id_prefixes = fields.List(fields.String(validate=WORD), load_default=list, validate=validate.Length(0, 5))
    response_mode = fields.String(validate=validate.OneOf(RESPONSE_MODES), load_default="direct_post.jwt")
    redirect_uri = fields.Url(load_default=None, require_tld=False, schemes={"https", "http"})
    same_device = fields.Boolean(load_default=False)
    origins = fields.List(fields.String(validate=_TEXT), load_default=list, validate=validate.Length(0, 20))
    transaction_data = _objects(8)
    verifier_info = _objects(8)
    request_uri_method = fields.String(validate=validate.OneOf(["get", "post"]), load_default=None)
    by_value = fields.Boolean(load_default=False)
    profile = fields.String(validate=validate.OneOf([haip.PROFILE]), load_default=None)
    authorization_endpoint = fields.String(validate=validate.Length(1, 512), load_default=None)
    policy = fields.String(validate=_QUERY_NAME, load_default=None)
    purpose = fields.String(validate=WORD, load_default=None)
    legal_basis = fields.String(validate=validate.OneOf(get_args(LegalBasis)), load_default=None)
    expires_in = fields.Integer(validate=validate.Range(30, 3600), load_default=300, strict=True)


class DcqlQueryBody(ClosedSchema):
    """POST /dcql-queries. One of `dcql_query` and `credentials`."""

    name = fields.String(required=True, validate=_QUERY_NAME)
    dcql_query = fields.Dict()
    credentials = _plain()
    purpose = fields.Dict(
        keys=fields.String(validate=validate.Length(2, 35)),
        values=fields.String(validate=validate.Length(1, 2000)),
        load_default=dict,
    )


class ResponseCodeBody(ClosedSchema):
    """POST /presentation-requests/{presentation}/response-code."""

    response_code = fields.String(required=True, validate=validate.Length(1, 200))


class DigitalCredentialBody(ClosedSchema):
    """POST /presentation-requests/{presentation}/digital-credential: what a page of the verifier's own was given.
    `origin` is that page's, as the verifier's own server knows it."""

    origin = fields.String(required=True, validate=_TEXT)
    data = fields.Dict(required=True)


def _schemas(value: object) -> None:
    if not isinstance(value, dict) or len(value) > 50 or not all(isinstance(one, dict) for one in value.values()):
        raise ValidationError("JSON Schemas by type.")


class WebhookBody(ClosedSchema):
    """Where ends of presentations are told; the version is raised by one to rotate the secret."""

    url = fields.String(required=True, validate=_TEXT)
    secret_version = fields.Integer(validate=validate.Range(1, 1_000_000), load_default=1, strict=True)


class VerifierBody(ClosedSchema):
    """PATCH /verifier. What is not named stays."""

    profiles = fields.List(fields.String(validate=validate.OneOf(PROFILES)), validate=validate.Length(1, 2))
    client_id = fields.String(validate=_TEXT, allow_none=True)
    attestation = fields.String(validate=validate.Length(1, 16_384), allow_none=True)
    verifier_info = fields.List(fields.Dict(), validate=validate.Length(0, 8))
    transaction_data_types = fields.Dict(validate=_schemas)
    redirect_uris = fields.List(fields.String(validate=_TEXT), validate=validate.Length(0, 50))
    origins = fields.List(fields.String(validate=_TEXT), validate=validate.Length(0, 20))
    webhook = fields.Nested(WebhookBody, allow_none=True)

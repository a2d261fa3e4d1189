"""The admin API's rows for a tenant's own settings: each key that can be set does something."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from agent.http.admin_schemas import ClosedSchema
from agent.operations.administering import scopes
from agent.operations.administering.configure_tenant import configure_tenant, show_configuration
from agent.operations.keeping.tell_notices import NOTICES, read_notice_secret
from protocols.http import NO_STORE, Call, Reply, Route, json_reply

_ADDRESS = validate.Length(max=254)


class FeaturesBody(ClosedSchema):
    """What the tenant does: off means that nothing new of it begins."""

    issuing = fields.Boolean(truthy={True}, falsy={False}, allow_none=True)
    verifying = fields.Boolean(truthy={True}, falsy={False}, allow_none=True)
    messaging = fields.Boolean(truthy={True}, falsy={False}, allow_none=True)


class BrandingBody(ClosedSchema):
    """Pages that people see."""

    name = fields.String(validate=validate.Length(1, 200), allow_none=True)
    accent_color = fields.String(validate=validate.Regexp(r"^#[0-9a-f]{6}$"), allow_none=True)


class SecurityBody(ClosedSchema):
    """Sessions and API keys."""

    session_minutes = fields.Integer(strict=True, validate=validate.Range(1, 480), allow_none=True)
    api_key_days = fields.Integer(strict=True, validate=validate.Range(1, 3650), allow_none=True)


class NoticeWebhookBody(ClosedSchema):
    """Where notices go; a raised `secret_version` signs with a new secret, and with the one before."""

    url = fields.String(required=True, validate=validate.Length(1, 2048))
    secret_version = fields.Integer(strict=True, validate=validate.Range(1, 10_000), load_default=1)


class NotificationsBody(ClosedSchema):
    """Who is told what."""

    webhook = fields.Nested(NoticeWebhookBody, allow_none=True)
    mail = fields.List(
        fields.Email(validate=validate.Length(max=254)), validate=validate.Length(1, 10), allow_none=True
    )
    events = fields.List(fields.String(validate=validate.OneOf(NOTICES)), allow_none=True)


class ConfigurationOfTenantBody(ClosedSchema):
    """PATCH /configuration; null takes a key away."""

    features = fields.Nested(FeaturesBody)
    branding = fields.Nested(BrandingBody)
    security = fields.Nested(SecurityBody)
    notifications = fields.Nested(NotificationsBody)


def _nothing(_call: Call) -> None:
    return None


def _sections(call: Call) -> Mapping[str, Mapping[str, Any]]:
    return ConfigurationOfTenantBody.read(call)


def _shown(sections: Mapping[str, Mapping[str, Any]]) -> Reply:
    return json_reply(dict(sections), headers=NO_STORE)


def _secret(secret: bytes) -> Reply:
    return json_reply({"secret": secret.hex()}, headers=NO_STORE)


def _done(_: object) -> Reply:
    return Reply(204)


ROWS = (
    Route("GET", "/configuration", scopes.CONFIGURATION_READ, _nothing, show_configuration, _shown),
    Route("PATCH", "/configuration", scopes.CONFIGURATION_WRITE, _sections, configure_tenant, _done),
    Route("GET", "/configuration/webhook-secret", scopes.CONFIGURATION_WRITE, _nothing, read_notice_secret, _secret),
)
"""Rows under the admin API's base."""
BODIES = {("PATCH", "/configuration"): ConfigurationOfTenantBody}

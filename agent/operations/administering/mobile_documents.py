"""Mobile documents that a tenant may begin with: the driving licence of ISO/IEC 18013-5, 7.2, and the PID."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.scope.tenants import CredentialConfiguration

MDL = "org.iso.18013.5.1.mDL"
PID = "eu.europa.ec.eudi.pid.1"
_DATE = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 150}
_COUNTRY = {"type": "string", "pattern": "^[A-Z]{2}$"}
_PORTRAIT = {"type": "string", "contentEncoding": "base64", "minLength": 4, "maxLength": 200_000}
_PRIVILEGES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "vehicle_category_code": _TEXT,
            "issue_date": _DATE,
            "expiry_date": _DATE,
            "codes": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["vehicle_category_code"],
    },
}
# 7.2.1, table 5: what every licence says, then what it may.
_MDL_MANDATORY: Mapping[str, Any] = {
    "family_name": _TEXT,
    "given_name": _TEXT,
    "birth_date": _DATE,
    "issue_date": _DATE,
    "expiry_date": _DATE,
    "issuing_country": _COUNTRY,
    "issuing_authority": _TEXT,
    "document_number": _TEXT,
    "portrait": _PORTRAIT,
    "driving_privileges": _PRIVILEGES,
    "un_distinguishing_sign": {"type": "string", "minLength": 1, "maxLength": 3},
}
_MDL_OPTIONAL: Mapping[str, Any] = {
    "administrative_number": _TEXT,
    "sex": {"type": "integer"},
    "height": {"type": "integer"},
    "weight": {"type": "integer"},
    "eye_colour": _TEXT,
    "hair_colour": _TEXT,
    "birth_place": _TEXT,
    "resident_address": _TEXT,
    "portrait_capture_date": {"type": "string", "format": "date-time"},
    "age_in_years": {"type": "integer"},
    "age_birth_year": {"type": "integer"},
    "issuing_jurisdiction": _TEXT,
    "nationality": _COUNTRY,
    "resident_city": _TEXT,
    "resident_state": _TEXT,
    "resident_postal_code": _TEXT,
    "resident_country": _COUNTRY,
}
_PID_MANDATORY: Mapping[str, Any] = {
    "family_name": _TEXT,
    "given_name": _TEXT,
    "birth_date": _DATE,
    "nationality": {"type": "array", "minItems": 1, "items": _COUNTRY},
    "expiry_date": _DATE,
    "issuing_authority": _TEXT,
    "issuing_country": _COUNTRY,
}
_PID_OPTIONAL: Mapping[str, Any] = {
    "place_of_birth": {"type": "object"},
    "resident_address": _TEXT,
    "resident_country": _COUNTRY,
    "resident_city": _TEXT,
    "resident_postal_code": _TEXT,
    "portrait": _PORTRAIT,
    "sex": {"type": "integer"},
    "email_address": _TEXT,
    "mobile_phone_number": _TEXT,
    "document_number": _TEXT,
    "issuing_jurisdiction": _TEXT,
    "issuance_date": _DATE,
    "personal_administrative_number": _TEXT,
    "family_name_birth": _TEXT,
    "given_name_birth": _TEXT,
}


def _schema(namespace: str, mandatory: Mapping[str, Any], optional: Mapping[str, Any]) -> Mapping[str, Any]:
    """Elements by namespace; `format` and `contentEncoding` say what a string becomes in CBOR."""
    ages = {"^age_over_[0-9]{2}$": {"type": "boolean"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            namespace: {
                "type": "object",
                "properties": {**mandatory, **optional},
                "patternProperties": ages,
                "additionalProperties": False,
                "required": list(mandatory),
            }
        },
        "required": [namespace],
    }


def _configuration(
    ids: tuple[UUID, UUID],
    name: str,
    doctype: str,
    schema: Mapping[str, Any],
    display: Sequence[Mapping[str, Any]],
    lifetime: timedelta,
) -> CredentialConfiguration:
    ((namespace, elements),) = schema["properties"].items()
    mandatory = elements["required"]
    return CredentialConfiguration(
        id=ids[0],
        credential_configuration_id=name,
        format="mso_mdoc",
        type=doctype,
        type_id=ids[1],
        scope=name,
        algorithm="ES256",
        lifetime=lifetime,
        display=tuple(display),
        claims=tuple(
            {"path": [namespace, element], **({"mandatory": True} if element in mandatory else {})}
            for element in elements["properties"]
        ),
        disclosable=None,
        binding_methods=("cose_key",),
        proof_types={"jwt": ("ES256", "ES384", "EdDSA"), "attestation": ("ES256", "ES384", "EdDSA")},
        schema=schema,
    )


def mdl(configuration_id: UUID, type_id: UUID) -> CredentialConfiguration:
    """A mobile driving licence."""
    display = (
        {"name": "Mobile Driving Licence", "locale": "en", "background_color": "#5f1f3a"},
        {"name": "Mobiler Führerschein", "locale": "de", "background_color": "#5f1f3a"},
    )
    schema = _schema("org.iso.18013.5.1", _MDL_MANDATORY, _MDL_OPTIONAL)
    return _configuration((configuration_id, type_id), "mdl", MDL, schema, display, timedelta(days=90))


def pid_document(configuration_id: UUID, type_id: UUID) -> CredentialConfiguration:
    """Person identification data as a mobile document (the ARF's PID rulebook)."""
    display = (
        {"name": "Person Identification Data", "locale": "en", "background_color": "#1f3a5f"},
        {"name": "Personenidentifikationsdaten", "locale": "de", "background_color": "#1f3a5f"},
    )
    schema = _schema(PID, _PID_MANDATORY, _PID_OPTIONAL)
    return _configuration((configuration_id, type_id), "pid_mdoc", PID, schema, display, timedelta(days=90))

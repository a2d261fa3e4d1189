"""`credentialSchema` of W3C credentials (VC JSON Schema Specification): fetched, believed, applied."""

from collections.abc import Mapping
from typing import Any

import cbor2

from agent.operations.issuing.serve_schema import NoSuchSchema, prefix, serve_schema
from agent.operations.verifying.schemas import violation
from agent.operations.verifying.verify_secured import require_secured
from agent.scope import Scope, Shape
from agent.scope.policies import Revocation
from protocols import vc_jose_cose, vcdm
from protocols.checks import Checks
from protocols.data_integrity.related import RelatedResourceDiffers, require_digest
from protocols.encoding import parse_json_object, render_stable_json
from protocols.errors import ProtocolError
from protocols.ports import Purpose
from protocols.ports.tools import FetchFailed, FetchRefused
from protocols.vcdm.form import objects_of

SCHEMA, CREDENTIAL = "JsonSchema", "JsonSchemaCredential"
_ACCEPTED = {
    SCHEMA: "application/schema+json, application/json",
    CREDENTIAL: "application/vc+jwt, application/vc, application/ld+json, application/json",
}
_SECONDS, _MOST_BYTES = 3600.0, 200_000
_SHAPE = Shape(cbor2.dumps, cbor2.loads)


class SchemaUnavailable(ProtocolError):
    """The credential's schema cannot be had or used."""

    code = "schema_unavailable"


class NotByCredentialSchema(ProtocolError):
    """The credential does not fit the schema that it names."""

    code = "not_by_schema"


async def require_credential_schemas(
    scope: Scope, credential: Mapping[str, Any], rule: Revocation, checks: Checks, whole: bool
) -> None:
    """A line for each schema that the credential names; `whole` unless its holder may have left out parts.

    What does not fit is refused under every rule but "off"; a schema that cannot be had is under "mandatory" (which
    wants one) and "if_present". Raises NotByCredentialSchema, SchemaUnavailable.
    """
    entries = () if rule == "off" else objects_of(credential, "credentialSchema")
    if not entries and rule == "mandatory":
        checks.begin("credential_schema", rule)
        raise SchemaUnavailable("none is named")
    for entry in entries:
        checks.begin("credential_schema", rule, {"id": entry.get("id"), "type": entry.get("type")})
        try:
            await _apply(scope, await _schema(scope, credential, entry), credential, whole)
        except SchemaUnavailable as error:
            if rule != "best_effort":
                raise
            checks.warned(error)


async def _apply(scope: Scope, schema: bytes, credential: Mapping[str, Any], whole: bool) -> None:
    """In the sandbox, for a schema is somebody's program."""
    try:
        found: str | None = await scope.sandbox.run(violation, schema, render_stable_json(dict(credential)), whole)
    except (TimeoutError, EOFError, OSError, ValueError) as error:
        raise SchemaUnavailable(type(error).__name__) from None
    if found is not None:
        raise NotByCredentialSchema(found)


async def _schema(scope: Scope, credential: Mapping[str, Any], entry: Mapping[str, Any]) -> bytes:
    """The JSON Schema behind an entry. Raises SchemaUnavailable."""
    kind, uri = entry.get("type"), str(entry.get("id"))
    if kind not in _ACCEPTED:
        raise SchemaUnavailable("of a kind that nobody here reads")
    try:
        body = await _body(scope, uri, _ACCEPTED[kind])
        require_digest(entry, body)
        if kind == SCHEMA:
            parse_json_object(body)
            return body
        return await _believed(scope, body, vcdm.issuer_of(credential))
    except (FetchFailed, FetchRefused) as error:
        raise SchemaUnavailable(type(error).__name__) from None
    except (ProtocolError, NoSuchSchema, RelatedResourceDiffers, UnicodeDecodeError) as error:
        raise SchemaUnavailable(getattr(error, "detail", "") or type(error).__name__) from None


async def _body(scope: Scope, uri: str, accept: str) -> bytes:
    """Our own where it is kept; another's fetched once however many wait, and kept."""
    if uri.startswith(prefix(scope)):
        return await serve_schema(scope, uri)

    async def fetch() -> bytes:
        answer = await scope.fetch.get(uri, accept, max_bytes=_MOST_BYTES)
        if answer.status != 200:
            raise FetchFailed("status of the answer")
        return answer.body

    found: bytes = await scope.cache.get("credential_schema", uri, fetch, _SECONDS, _SHAPE)
    return found


async def _believed(scope: Scope, body: bytes, issuer: str) -> bytes:
    """The schema of a JsonSchemaCredential (2.2): secured, by the credential's issuer or one who is believed."""
    text = body.decode().strip()
    document = parse_json_object(body) if text.startswith("{") else vc_jose_cose.enveloped("jwt", "vc", text)
    found = await require_secured(scope, document)
    by = vcdm.issuer_of(found)
    if by != issuer and not any(
        one.identifier == by and one.fits(Purpose.ISSUE, None) for one in scope.catalogue.anchors
    ):
        raise SchemaUnavailable("of an issuer who is not believed")
    subject = found["credentialSubject"]
    schema = subject.get("jsonSchema") if isinstance(subject, Mapping) else None
    if CREDENTIAL not in vcdm.types_of(found) or subject.get("type") != SCHEMA or not isinstance(schema, Mapping):
        raise SchemaUnavailable("no JsonSchemaCredential")
    return render_stable_json(dict(schema))

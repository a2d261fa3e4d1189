"""GET /presentation-requests/{presentation}/evidence: what a third party needs to check a verdict without us.

A JWS by the tenant's audit key over the report (request, policy version, key, chain, status and every line), the
presentations themselves where they were kept, and the Status List Tokens that decided.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.verifying.evidence import FORM, TYPE
from agent.operations.verifying.read_report import NoSuchReport
from agent.operations.verifying.readings import PRESENTATION, REPORT, record_reports
from agent.scope import Scope
from agent.scope.policies import Remembered
from agent.scope.status import StatusToken
from protocols.checks import plain
from protocols.encoding import b64url, parse_b64url
from protocols.jose import jws, jwt
from protocols.jose.jwk import public
from protocols.x509 import render_chain


async def export_evidence(scope: Scope, report: UUID) -> str:
    """The package for a report, or for the deciding one of a presentation. Raises NoSuchReport."""
    async with scope.unit() as unit:
        found: Mapping[str, Any] | None = await unit.presentations.report(report)
        if found is None:
            raise NoSuchReport()
        kept: Remembered | None = await unit.presentations.remembered(UUID(found["report"]))
        tokens: Sequence[StatusToken] = await unit.status_evidence.find(_digests(found))
        if not record_reports(unit, "evidence.exported", [found], (REPORT, PRESENTATION)):
            request = UUID(found["presentation_id"])
            metadata = {"report": found["report"]}
            unit.record(AuditEvent("evidence.exported", "presentation_request", request, "read", request, metadata))
        await unit.commit()
    key = scope.catalogue.key("audit")
    header: dict[str, Any] = {"alg": key.algorithm, "typ": TYPE, "jwk": public(key.jwk)}
    if key.x5c:
        header["x5c"] = render_chain(key.x5c)
    prepared = jwt.render(header, _package(scope, found, kept, tokens))
    return jws.seal(prepared, await scope.keys.sign(key.handle, prepared))


def _digests(report: Mapping[str, Any]) -> list[bytes]:
    statuses = [one["status"] for one in report["presentations"] if one.get("status")]
    return [parse_b64url(one["token_sha256"]) for one in statuses if one.get("token_sha256")]


def _package(
    scope: Scope, report: Mapping[str, Any], kept: Remembered | None, tokens: Sequence[StatusToken]
) -> dict[str, Any]:
    sent = [one.get("presentation") for one in kept.credentials] if kept else []
    return {
        "form": FORM,
        "tenant": {"id": str(scope.tenant.id), "name": scope.tenant.name, "base_url": scope.tenant.base_url},
        "exported_at": plain(scope.now()),
        "report": dict(report),
        "presentations": sent,
        "status_tokens": [
            {"sha256": b64url(one.digest), "list": one.uri, "media_type": one.media_type, "token": b64url(one.token)}
            for one in tokens
        ],
    }

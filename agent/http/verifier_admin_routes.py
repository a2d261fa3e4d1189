"""The admin API's rows about presentations: requests and results, named queries, the verifier's settings."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.http import verifier_schemas as schemas
from agent.http.admin_schemas import ClosedSchema, InvalidInput
from agent.http.failures import NotFound
from agent.operations.administering import scopes
from agent.operations.administering.configure_verifier import ConfigureVerifier, configure_verifier
from agent.operations.verifying.ask_in_browser import digital_credential_request
from agent.operations.verifying.dcql_queries import StoreQuery, list_queries, store_query
from agent.operations.verifying.presentation_result import presentation_result
from agent.operations.verifying.receive_response import receive_from_page
from agent.operations.verifying.redeem_response_code import RedeemResponseCode, redeem_response_code
from agent.operations.verifying.request_presentation import (
    RequestedPresentation,
    RequestPresentation,
    request_presentation,
)
from agent.scope import Scope
from agent.scope.verifying import PresentationResult, StoredQuery
from protocols.dcql.build import PlainCredential
from protocols.http import NO_STORE, Call, Reply, Route, json_reply
from protocols.openid4vp.digital_credentials import DigitalCredentialRequest

BODIES: Mapping[tuple[str, str], type[ClosedSchema]] = {
    ("POST", "/presentation-requests"): schemas.PresentationRequestBody,
    ("POST", "/presentation-requests/{presentation}/response-code"): schemas.ResponseCodeBody,
    ("POST", "/presentation-requests/{presentation}/digital-credential"): schemas.DigitalCredentialBody,
    ("POST", "/dcql-queries"): schemas.DcqlQueryBody,
    ("PATCH", "/verifier"): schemas.VerifierBody,
}


def _id(call: Call) -> UUID:
    try:
        return UUID(call.path["presentation"])
    except ValueError:
        raise NotFound("not an id") from None


def _require_one(body: Mapping[str, Any], *names: str) -> None:
    if sum(name in body for name in names) != 1:
        raise InvalidInput({name: ["Exactly one of these."] for name in names})


def _plain(body: Mapping[str, Any]) -> tuple[PlainCredential, ...]:
    found = body.get("credentials", ())
    return tuple(PlainCredential(one["type"], one["format"], tuple(one["claims"]), one["id"]) for one in found)


def _request(call: Call) -> RequestPresentation:
    body = schemas.PresentationRequestBody.read(call)
    _require_one(body, "dcql_query", "query", "credentials")
    return RequestPresentation(
        dcql_query=body.get("dcql_query"),
        query=body.get("query"),
        credentials=_plain(body),
        client_id_prefix=body["client_id_prefix"],
        client_id_prefixes=tuple(body["client_id_prefixes"]),
        response_mode=body["response_mode"],
        redirect_uri=body["redirect_uri"],
        same_device=body["same_device"],
        origins=tuple(body["origins"]),
        transaction_data=tuple(body["transaction_data"]),
        verifier_info=tuple(body["verifier_info"]),
        request_uri_method=body["request_uri_method"],
        by_value=body["by_value"],
        profile=body["profile"],
        authorization_endpoint=body["authorization_endpoint"],
        policy=body["policy"],
        purpose=body["purpose"],
        legal_basis=body["legal_basis"],
        lifetime=timedelta(seconds=body["expires_in"]),
    )


def _requested(made: RequestedPresentation) -> Reply:
    found = {
        "authorization_request_uri": made.authorization_request_uri,
        "presentation_id": str(made.presentation_id),
        "client_id": made.client_id,
        "start_uri": made.start_uri,
    }
    return json_reply({name: value for name, value in found.items() if value is not None}, 201, NO_STORE)


def _result(found: PresentationResult) -> Reply:
    return json_reply(
        {
            "presentation_id": str(found.id),
            "state": found.state,
            "flow": found.flow,
            "errors": list(found.errors),
            "ignored": list(found.ignored),
            "credentials": list(found.credentials),
            "expires_at": found.expires_at,
        },
        headers=NO_STORE,
    )


def _redemption(call: Call) -> RedeemResponseCode:
    return RedeemResponseCode(_id(call), schemas.ResponseCodeBody.read(call)["response_code"])


def _digital(found: DigitalCredentialRequest) -> Reply:
    return json_reply({"protocol": found.protocol, "data": found.data}, headers=NO_STORE)


def _answer(call: Call) -> tuple[UUID, str, Mapping[str, Any]]:
    body = schemas.DigitalCredentialBody.read(call)
    return _id(call), body["origin"], body["data"]


async def _take_answer(scope: Scope, answer: tuple[UUID, str, Mapping[str, Any]]) -> PresentationResult:
    presentation, origin, data = answer
    await receive_from_page(scope, presentation, origin, data)
    return await presentation_result(scope, presentation)


def _query(call: Call) -> StoreQuery:
    body = schemas.DcqlQueryBody.read(call)
    _require_one(body, "dcql_query", "credentials")
    return StoreQuery(body["name"], body.get("dcql_query"), _plain(body), body["purpose"])


def _listed(one: StoredQuery) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "name": one.name,
        "version": one.version,
        "state": one.state,
        "dcql_query": dict(one.dcql_query),
        "purpose": dict(one.purpose),
    }


def _stored(one: StoredQuery) -> Reply:
    return json_reply(_listed(one), 201, NO_STORE)


def _queries(found: Sequence[StoredQuery]) -> Reply:
    return json_reply({"items": [_listed(one) for one in found], "next": None}, headers=NO_STORE)


def _settings(call: Call) -> ConfigureVerifier:
    return ConfigureVerifier(schemas.VerifierBody.read(call))


def _nothing(_call: Call) -> None:
    return None


def _done(_: None) -> Reply:
    return Reply(204)


_ONE = "/presentation-requests/{presentation}"
_read, _write = scopes.REQUESTS_READ, scopes.REQUESTS_WRITE

ROWS = (
    Route("POST", "/presentation-requests", _write, _request, request_presentation, _requested),
    Route("GET", _ONE, _read, _id, presentation_result, _result),
    Route("POST", f"{_ONE}/response-code", _write, _redemption, redeem_response_code, _result),
    Route("GET", f"{_ONE}/digital-credential-request", _write, _id, digital_credential_request, _digital),
    Route("POST", f"{_ONE}/digital-credential", _write, _answer, _take_answer, _result),
    Route("POST", "/dcql-queries", _write, _query, store_query, _stored),
    Route("GET", "/dcql-queries", _read, _nothing, list_queries, _queries),
    Route("PATCH", "/verifier", scopes.VERIFIER_WRITE, _settings, configure_verifier, _done),
)
"""Paths below the API's base."""

"""Whether a request may be made so: what is checked before anything of it is stored or sent."""

from typing import TYPE_CHECKING, Any

import jsonschema_rs

from agent.operations.verifying.identity import UNSIGNED, prefix_of
from agent.scope import Scope
from protocols import haip
from protocols.dcql.query import DcqlQuery
from protocols.errors import ProtocolError
from protocols.openid4vp import transaction_data
from protocols.openid4vp.authorization_request import DIGITAL, FRAGMENT, POSTED, is_authorization_endpoint
from protocols.openid4vp.digital_credentials import is_origin
from protocols.openid4vp.transaction_data import InvalidTransactionData

if TYPE_CHECKING:
    from agent.operations.verifying.request_presentation import RequestPresentation


class UnknownFormat(ProtocolError):
    """A credential format of the query is not known."""

    code = "unknown_format"
    status = 422


class InvalidTerms(ProtocolError):
    """These members of the request do not go together."""

    code = "invalid_request_terms"
    status = 422


def require_terms(scope: Scope, request: "RequestPresentation", asked: DcqlQuery) -> None:
    """Raises UnknownFormat, UnknownPrefix, InvalidTerms, InvalidTransactionData, NotByProfile."""
    # 1. formats that somebody here can read
    formats = scope.plugins["credential_formats"]
    asked_for = {one.format for one in asked.credentials}
    if any(name not in formats or hasattr(formats[name], "presented_as") for name in asked_for):
        raise UnknownFormat()
    # 2. who asks
    _require_prefixes(scope, request)
    # 3. where the answer goes: to nobody but whom the tenant named
    _require_destinations(scope, request)
    # 4. what is authorized with it
    _require_transactions(scope, request, asked)
    # 5. what is told of the verifier
    _require_verifier_info(request, asked)
    # 6. the profile, over all of it
    if request.profile == haip.PROFILE:
        prefixes = request.client_id_prefixes or (request.client_id_prefix,)
        returns = request.same_device or request.redirect_uri is not None
        haip.require_request(prefixes, request.response_mode, asked, returns)


def _require_prefixes(scope: Scope, request: "RequestPresentation") -> None:
    digital = request.response_mode in DIGITAL
    if request.client_id_prefix == UNSIGNED:
        if not digital or request.client_id_prefixes:
            raise InvalidTerms("an origin asks over the DC API only")
        return
    prefix_of(scope, request.client_id_prefix)
    if request.client_id_prefixes and (not digital or len(set(request.client_id_prefixes)) < 2):
        raise InvalidTerms("several identities sign over the DC API only")
    for name in request.client_id_prefixes:
        prefix_of(scope, name)
    if digital and "redirect_uri" in (request.client_id_prefix, *request.client_id_prefixes):
        raise InvalidTerms("redirect_uri has no place in the DC API")
    if request.request_uri_method and (digital or request.by_value or request.client_id_prefix == "redirect_uri"):
        raise InvalidTerms("request_uri_method without a request_uri")


def _require_destinations(scope: Scope, request: "RequestPresentation") -> None:
    settings = scope.catalogue.verifier
    to = request.redirect_uri
    own = to is not None and to.startswith(f"{scope.tenant.base_url}/")
    if to and settings.redirect_uris and not own and to not in settings.redirect_uris:
        raise InvalidTerms("redirect_uri is not one of the verifier's")
    if settings.origins and not set(settings.origins).issuperset(request.origins):
        raise InvalidTerms("origin is not one of the verifier's")
    if not all(is_origin(one) for one in request.origins):
        raise InvalidTerms("not an origin")
    wallet = request.authorization_endpoint
    if wallet is not None and (request.response_mode in DIGITAL or not is_authorization_endpoint(wallet)):
        raise InvalidTerms("authorization_endpoint")
    if request.origins and request.response_mode not in DIGITAL:
        raise InvalidTerms("origins without the DC API")
    if request.same_device and request.response_mode not in (*POSTED, FRAGMENT):
        raise InvalidTerms("same_device with the DC API")


def _require_transactions(scope: Scope, request: "RequestPresentation", asked: DcqlQuery) -> None:
    types, formats = scope.catalogue.verifier.transaction_data_types, scope.plugins["credential_formats"]
    able = {name for name, found in formats.items() if getattr(found, "transaction_data", False)}
    transaction_data.require(request.transaction_data, asked, types, able)
    for item in request.transaction_data:
        schema = types[item["type"]]
        if schema and not jsonschema_rs.is_valid(dict(schema), dict(item)):
            raise InvalidTransactionData("does not fit its type")


def _require_verifier_info(request: "RequestPresentation", asked: DcqlQuery) -> None:
    """5.1: a format, data, and credential_ids that the query has."""
    for info in request.verifier_info:
        names: Any = info.get("credential_ids", ["-"])
        fit = isinstance(info.get("format"), str) and isinstance(info.get("data"), str | dict)
        if not fit or info.keys() - {"format", "data", "credential_ids"} or not isinstance(names, list) or not names:
            raise InvalidTerms("verifier_info")
        if "credential_ids" in info and any(asked.credential(name) is None for name in names):
            raise InvalidTerms("verifier_info of a credential that is not asked for")

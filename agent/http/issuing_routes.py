"""What a wallet meets when it is issued a credential: OpenID4VCI and its authorization server, and status lists."""

from agent.http import publishing_routes
from agent.operations.issuing.authenticate_client import issue_challenge
from agent.operations.issuing.issue_access_token import issue_access_token
from agent.operations.issuing.issue_credential import issue_credential
from agent.operations.issuing.issue_nonce import issue_nonce
from agent.operations.issuing.issuer_metadata import serve_authorization_server_metadata, serve_issuer_metadata
from agent.operations.issuing.push_authorization_request import push_authorization_request
from agent.operations.issuing.receive_notification import receive_notification
from agent.operations.issuing.serve_credential_offer import serve_credential_offer
from agent.operations.issuing.serve_status_list import StatusListToken, serve_status_list
from agent.web import authorization
from protocols.http import Call, Reply, Route
from protocols.oauth import authorization_request, challenge, token
from protocols.oauth import metadata as oauth_metadata
from protocols.openid4vci import credential, credential_offer, metadata, nonce, notification


def _list_uri(call: Call) -> str:
    return call.url


def _list_token(found: StatusListToken) -> Reply:
    headers = {"Cache-Control": f"public, max-age={min(found.ttl, 60)}", "Access-Control-Allow-Origin": "*"}
    return Reply(200, found.token, found.media_type, headers)


_ENDPOINTS = (
    Route(
        "GET",
        "/credential-offers/{offer}",
        None,
        credential_offer.parse,
        serve_credential_offer,
        credential_offer.render,
    ),
    Route(
        "POST",
        "/par",
        None,
        authorization_request.parse_pushed,
        push_authorization_request,
        authorization_request.render_pushed,
    ),
    Route("POST", "/challenge", None, challenge.parse, issue_challenge, challenge.render),
    Route("POST", "/token", None, token.parse, issue_access_token, token.render),
    Route("POST", "/nonce", None, nonce.parse, issue_nonce, nonce.render),
    Route("POST", "/credential", None, credential.parse, issue_credential, credential.render),
    Route("POST", "/notification", None, notification.parse, receive_notification, notification.render),
    Route("GET", "/status-lists/{number}", None, _list_uri, serve_status_list, _list_token),
    *publishing_routes.ROUTES,
)
_DOCUMENTS = (
    Route(
        "GET",
        metadata.WELL_KNOWN,
        None,
        metadata.parse,
        serve_issuer_metadata(frozenset(route.path for route in _ENDPOINTS)),
        metadata.render,
    ),
    Route(
        "GET",
        oauth_metadata.WELL_KNOWN,
        None,
        oauth_metadata.parse,
        serve_authorization_server_metadata(frozenset(route.path for route in (*_ENDPOINTS, *authorization.ROUTES))),
        oauth_metadata.render,
    ),
)
ROUTES = (*_ENDPOINTS, *authorization.ROUTES, *_DOCUMENTS)

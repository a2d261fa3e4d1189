"""What a wallet meets when it is issued a credential: OpenID4VCI and its authorization server, and status lists."""

from agent.http import publishing_routes
from agent.operations.issuing.authenticate_client import issue_challenge
from agent.operations.issuing.deliver_deferred_credential import deliver_deferred_credential
from agent.operations.issuing.issue_access_token import issue_access_token
from agent.operations.issuing.issue_credential import issue_credential
from agent.operations.issuing.issue_nonce import issue_nonce
from agent.operations.issuing.issuer_metadata import serve_authorization_server_metadata, serve_issuer_metadata
from agent.operations.issuing.push_authorization_request import push_authorization_request
from agent.operations.issuing.receive_notification import receive_notification
from agent.operations.issuing.serve_credential_offer import serve_credential_offer
from agent.operations.issuing.serve_status_list import serve_status_list, serve_status_lists
from agent.web import authorization, signing_in
from protocols.http import Route
from protocols.oauth import authorization_request, challenge, token
from protocols.oauth import metadata as oauth_metadata
from protocols.openid4vci import credential, credential_offer, deferred_credential, metadata, nonce, notification
from protocols.status_list import request as status_list

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
    Route(
        "POST", "/deferred_credential", None, deferred_credential.parse, deliver_deferred_credential, credential.render
    ),
    Route("POST", "/notification", None, notification.parse, receive_notification, notification.render),
    Route("GET", "/status-lists/{number}", None, status_list.parse, serve_status_list, status_list.render),
    Route("GET", "/status-lists", None, lambda _call: None, serve_status_lists, status_list.render_aggregation),
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
ROUTES = (*_ENDPOINTS, *authorization.ROUTES, *signing_in.ROUTES, *_DOCUMENTS)

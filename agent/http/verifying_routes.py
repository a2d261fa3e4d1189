"""What a wallet meets when it presents: OpenID4VP."""

from agent.operations.verifying.receive_response import receive_response
from agent.operations.verifying.serve_request_object import serve_request_object
from protocols.http import Route
from protocols.openid4vp import authorization_request, response

ROUTES = (
    Route(
        "GET",
        "/presentation-requests/{request}",
        None,
        authorization_request.parse,
        serve_request_object,
        authorization_request.render,
    ),
    Route("POST", "/presentation-responses/{request}", None, response.parse, receive_response, response.render),
)

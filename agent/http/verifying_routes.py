"""What a wallet and a person's browser meet when something is presented: OpenID4VP."""

from agent.operations.verifying.receive_response import receive_response
from agent.operations.verifying.serve_request_object import serve_request_object
from agent.web import presenting
from protocols.http import Route
from protocols.openid4vp import request_object, response

_OBJECT = "/presentation-requests/{request}"

ROUTES = (
    Route("GET", _OBJECT, None, request_object.parse_get, serve_request_object, request_object.render),
    Route("POST", _OBJECT, None, request_object.parse_post, serve_request_object, request_object.render),
    Route("POST", "/presentation-responses/{request}", None, response.parse, receive_response, response.render),
    *presenting.ROUTES,
)

"""What other agents meet: the DIDComm door and the tenant's DID document."""

from agent.operations.messaging.receive_message import receive_posted
from agent.operations.messaging.serve_did_document import serve_did_document
from agent.operations.messaging.serve_invitation import serve_invitation
from protocols.didcomm import http
from protocols.http import Route

ROUTES = (
    Route("POST", "/didcomm", None, http.parse, receive_posted, http.render),
    Route("GET", "/didcomm", None, http.parse_invitation_request, serve_invitation, http.render_invitation),
    Route("GET", "/did.json", None, http.parse_document_request, serve_did_document, http.render_document),
)

"""Transports and DIDComm protocols."""

from agent.contracts import didcomm_protocols, transports
from protocols.didcomm.attached import Attached, Said

QUERY = {"queries": [{"feature-type": "protocol", "match": "*"}]}

PICKUP = ("status-request", "delivery-request", "messages-received", "live-delivery-change")
ISSUING = (
    *("propose-credential", "offer-credential", "request-credential", "issue-credential"),
    *("ack", "problem-report"),
)
OFFER = Said("offer-credential", (Attached("example/offer@v1.0", {"a": 1}),), "Take it")
COORDINATION = (
    *("mediate-request", "mediate-grant", "mediate-deny", "keylist-update", "keylist-update-response", "keylist-query"),
    *("keylist", "recipient-update", "recipient-update-response", "recipient-query", "recipient"),
)

SAMPLES = {
    "transports": {
        "http": transports.Sample,
        "websocket": lambda: transports.Sample(transports.behind_a_socket, "wss://nobody.example/"),
    },
    "didcomm_protocols": {
        "basicmessage": lambda: didcomm_protocols.Sample(("message",), {"content": "Grüezi"}),
        "coordinate-mediation-1": lambda: didcomm_protocols.Sample(COORDINATION, None),
        "coordinate-mediation-2": lambda: didcomm_protocols.Sample(COORDINATION, answer=lambda _: ("did:example:m",)),
        "coordinate-mediation-3": lambda: didcomm_protocols.Sample(COORDINATION, answer=lambda _: ("did:example:m",)),
        "empty": lambda: didcomm_protocols.Sample(("empty",)),
        "message-pickup-4": lambda: didcomm_protocols.Sample(PICKUP, None),
        "messagepickup-2": lambda: didcomm_protocols.Sample(PICKUP, None),
        "messagepickup-3": lambda: didcomm_protocols.Sample(PICKUP, None),
        "routing-1": lambda: didcomm_protocols.Sample(("forward",), None),
        "routing": lambda: didcomm_protocols.Sample(("forward",), None),
        "user-profile": lambda: didcomm_protocols.Sample(
            ("profile", "request-profile"),
            {"profile": {}, "send_back_yours": True},
            answer=lambda _: {"displayName": "B"},
        ),
        "basicmessage-1": lambda: didcomm_protocols.Sample(("message",), {"content": "Grüezi"}),
        "connections-1": lambda: didcomm_protocols.Sample(
            ("request", "response", "ack", "problem_report"),
            {"connection": {"DID": "WgWxqztrNooG92RXvxSTWv", "DIDDoc": {}}},
            answer=lambda _: {"connection~sig": {}},
        ),
        "did-exchange": lambda: didcomm_protocols.Sample(
            ("request", "response", "complete", "problem_report"),
            {"did": "did:example:alice"},
            answer=lambda _: {"did": "did:example:bob"},
        ),
        "did-rotate": lambda: didcomm_protocols.Sample(("rotate", "ack", "hangup"), {"hangup": True}),
        "discover-features-1": lambda: didcomm_protocols.Sample(("query", "disclose"), {"query": "*"}),
        "notification-1": lambda: didcomm_protocols.Sample(("ack",), None),
        "out-of-band-1": lambda: didcomm_protocols.Sample(
            ("invitation", "handshake-reuse", "handshake-reuse-accepted"), None
        ),
        "report-problem-1": lambda: didcomm_protocols.Sample(("problem-report",), {"code": "request_not_accepted"}),
        "trust-ping-1": lambda: didcomm_protocols.Sample(("ping", "ping_response")),
        "out-of-band": lambda: didcomm_protocols.Sample(("invitation",), None),
        "discover-features-2-v1": lambda: didcomm_protocols.Sample(("queries", "disclosures"), QUERY),
        "discover-features": lambda: didcomm_protocols.Sample(("queries", "disclose"), QUERY),
        "report-problem": lambda: didcomm_protocols.Sample(
            ("problem-report",), {"code": "e.p.msg"}, answer=lambda _: None
        ),
        # Somebody has to look at an offer before it goes on.
        "issue-credential": lambda: didcomm_protocols.Sample(ISSUING, {"said": OFFER}, closes=False),
        "issue-credential-2": lambda: didcomm_protocols.Sample(ISSUING, {"said": OFFER}, closes=False),
        "trust-ping": lambda: didcomm_protocols.Sample(("ping", "ping-response")),
    },
}

"""Transports and DIDComm protocols."""

from agent.contracts import didcomm_protocols, transports

QUERY = {"queries": [{"feature-type": "protocol", "match": "*"}]}

SAMPLES = {
    "transports": {"http": transports.Sample},
    "didcomm_protocols": {
        "out-of-band": lambda: didcomm_protocols.Sample(("invitation",), None),
        "discover-features": lambda: didcomm_protocols.Sample(("queries", "disclose"), QUERY),
        "report-problem": lambda: didcomm_protocols.Sample(("problem-report",), {"code": "e.p.msg"}),
        "trust-ping": lambda: didcomm_protocols.Sample(("ping", "ping-response")),
    },
}

"""Claim sources and payment gates."""

from agent.contracts import claim_sources, payment_gates

SAMPLES = {
    "claim_sources": {
        "given": lambda: claim_sources.Sample(given={"given_name": "Erika"}, claims={"given_name": "Erika"}),
        "sign_in": lambda: claim_sources.Sample(
            configured={"names": {"given_name": "first"}},
            account={"first": "Erika", "more": 1},
            claims={"given_name": "Erika"},
        ),
        "table": lambda: claim_sources.Sample(
            configured={"table": "people"}, record={"given_name": "Erika"}, claims={"given_name": "Erika"}
        ),
        "webhook": lambda: claim_sources.Sample(configured={"url": "https://example.org/claims"}),
    },
    "payment_gates": {"manual": payment_gates.Sample},
}

"""A bug for each check of an agent that speaks DIDComm: at the door, or in what our own agent says."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance import plan as plans
from conformance.didcomm.contact import PING
from conformance.didcomm.contact_1 import RESPONSE, SERVICE
from conformance.didcomm.dids import peer_2, peer_4
from conformance.didcomm.invitations import decoded
from conformance.didcomm.keys import AgreementKey, SigningKey, multikey
from conformance.didcomm.talking import PONGS
from conformance.jose import b64u, compact_json
from tests.faults.astray import Astray, Change, Slip, keeps, rewritten, sets, told
from tests.faults.front import Answered, Asked, Bug, Forward, always, header, status

REPORT = "https://didcomm.org/report-problem/2.0/problem-report"
REPORT_1 = "https://didcomm.org/report-problem/1.0/problem-report"
ROTATED = "https://didcomm.org/did-rotate/1.0/ack"
EMPTY = "https://didcomm.org/empty/1.0/empty"
PROTOCOL = {"feature-type": "protocol", "id": "https://protocol.invalid/1.0"}


def invitation(change: Change) -> tuple[str, Bug]:
    """The invitation's message, changed within its URL."""

    def rewrite(found: dict[str, Any]) -> None:
        base, _, encoded = found["url"].rpartition("oob=")
        message = json.loads(decoded(encoded))
        change(message)
        found["url"] = f"{base}oob={b64u(compact_json({n: v for n, v in message.items() if v is not None}))}"

    return "invite", rewritten(rewrite)


def address(suffix: str) -> tuple[str, Bug]:
    """The invitation's URL with something behind it."""
    return "invite", rewritten(lambda found: found.update(url=found["url"] + suffix))


def served(status_code: int, body: Any) -> tuple[str, Bug]:
    """Behind the short URL, and at the door for those who only look, is this."""
    answer = Answered(status_code, {"Content-Type": "application/json"}, json.dumps(body).encode())
    return "invitation", always(lambda _: answer)


def somebody(service: Mapping[str, Any]) -> str:
    """A DID with such a service."""
    return peer_4(SigningKey().jwk, service, AgreementKey().jwk)


async def different(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """Each refusal has a number."""
    answer = await forward(asked)
    memory["count"] = memory.get("count", 0) + 1
    return answer if answer.good else replace(answer, body=str(memory["count"]).encode())


async def repeats(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """What was answered once is answered again, by the same words."""
    answer = await forward(asked)
    kept: Answered = memory.setdefault(asked.body.decode(), answer)
    return kept


def welcomed(answer: Answered) -> Answered:
    """Nothing is ever refused."""
    return answer if answer.good else Answered(202, {}, b"")


def broken(answer: Answered) -> Answered:
    """What is refused breaks the server."""
    return answer if answer.good else Answered(500, {}, b"")


def unsigned(found: dict[str, Any]) -> None:
    """A signature of nobody's."""
    found["did_rotate~attach"]["data"]["jws"]["signature"] = b64u(bytes(64))


BASE58 = SigningKey().verkey
INSECURE = {"id": "#a", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": "http://agent.example/didcomm"}}
OTHER_SERVICE = {"id": "#a", "type": "LinkedDomains", "serviceEndpoint": "https://agent.example"}
INVITING: Mapping[str, tuple[str, Bug]] = {
    "oob-url": address("&_oobid=1"),
    "oob-encoding": address("="),
    "oob-type": invitation(sets(type="https://didcomm.org/out-of-band/1.1/invitation")),
    "oob-id": invitation(sets(id="always-the-same")),
    "oob-from": invitation(lambda found: found.update({"from": found["from"] + "#key-1"})),
    "oob-body": invitation(told(goal_code=7)),
    "oob-accept": invitation(told(accept=["didcomm/aip2;env=rfc19"])),
    "oob-short-url": served(404, {}),
    "oob-service": invitation(sets(**{"from": somebody(OTHER_SERVICE)})),
    "oob-endpoint-secure": invitation(sets(**{"from": somebody(INSECURE)})),
    "oob-keys-curve": invitation(sets(**{"from": peer_2(SigningKey("ES256K").jwk, SigningKey().jwk)})),
    "oob-unreadable": served(200, {"from": "did:example:inviter"}),
    "transport-get": served(200, {}),
    "invitation-type": invitation(sets(**{"@type": "https://didcomm.org/out-of-band/2.0/invitation"})),
    "invitation-prefix": invitation(
        sets(**{"@type": "did:sov:BzCbsNYhMrjHiqZDTUASHg;spec/out-of-band/1.1/invitation"})
    ),
    "invitation-id": invitation(sets(**{"@id": "always-the-same"})),
    "invitation-encoding": address("!"),
    "invitation-handshake": invitation(sets(handshake_protocols=[])),
    "invitation-services": invitation(sets(services=[{"recipientKeys": [], "serviceEndpoint": "https://a.example"}])),
    "invitation-keys": invitation(sets(services=[{"recipientKeys": [BASE58], "serviceEndpoint": "https://a.example"}])),
    "invitation-accept": invitation(sets(accept=["didcomm/v2"])),
    "invitation-endpoint-secure": invitation(
        sets(services=[{"recipientKeys": [BASE58], "serviceEndpoint": "http://agent.example"}])
    ),
}
SLIPS: Mapping[str, Slip] = {
    "reply-authcrypt": Slip(header=sets(enc="A256GCM")),
    "reply-media-type": Slip(header=sets(typ="application/jose+json")),
    "reply-apv": Slip(digest=lambda found: found[::-1]),
    "reply-apu": Slip(header=sets(skid="did:example:another#1")),
    "reply-skid-of-from": Slip(plaintext=sets(**{"from": "did:example:another"})),
    "reply-epk-fresh": Slip(fresh=keeps(ephemeral=b"\1" * 80)),
    "reply-iv-fresh": Slip(fresh=keeps(iv=b"\1" * 24)),
    "reply-form": Slip(packed=sets(sender="did:example:another")),
    "reply-type": Slip(plaintext=sets(type=PING)),
    "reply-id": Slip(plaintext=sets(id="always-the-same")),
    "reply-to": Slip(plaintext=sets(to=["did:example:another"])),
    "reply-from": Slip(plaintext=lambda found: found.update({"from": found["from"] + "#key-1"})),
    "reply-created-time": Slip(plaintext=sets(created_time="2026-12-01")),
    "reply-body": Slip(plaintext=sets(body=None)),
    "reply-typ": Slip(plaintext=sets(typ="application/json")),
    "discover-all": Slip(plaintext=told(disclosures=[])),
    "discover-one": Slip(plaintext=told(disclosures=[PROTOCOL, PROTOCOL])),
    "discover-part": Slip(plaintext=told(disclosures=[PROTOCOL])),
    "discover-unknown": Slip(plaintext=told(disclosures=[PROTOCOL])),
    "discover-feature-type-unknown": Slip(plaintext=told(disclosures=[])),
    "discover-form": Slip(plaintext=told(disclosures=[{"id": "https://didcomm.org/trust-ping/2.0"}])),
    "discover-thread": Slip(plaintext=sets(thid="another")),
    "report-unsupported-message": Slip(plaintext=told(code="E.P.MSG")),
    "report-parent": Slip(plaintext=sets(pthid="another")),
    "report-discreet": Slip(plaintext=told(comment="Traceback (most recent call last)")),
    "ack-with-answer": Slip(plaintext=sets(ack=None)),
    "ack-unknown": Slip(plaintext=sets(ack=["never-sent"])),
    "exchange-thread": Slip(plaintext=sets(**{"~thread": {"thid": "another"}}), early=True),
    "exchange-parent": Slip(plaintext=lambda found: found["~thread"].pop("pthid"), early=True),
    "exchange-did": Slip(plaintext=sets(did="did:key:" + multikey(SigningKey().jwk)), early=True),
    "exchange-vouched": Slip(plaintext=unsigned, early=True),
    "exchange-vouched-did": Slip(plaintext=sets(did="did:example:another"), early=True),
    "exchange-keys-apart": Slip(plaintext=sets(did=peer_4(SigningKey().jwk, SERVICE)), early=True),
    "said-alg": Slip(anonymous=True),
    "said-sender": Slip(anonymous=True),
    "said-typ": Slip(header=sets(typ="JWM/2.0")),
    "said-enc": Slip(header=sets(enc="A256GCM")),
    "said-fresh": Slip(salt=True),
    "said-type": Slip(plaintext=sets(**{"@type": "https://didcomm.org/trust_ping/1.0/ping"})),
    "said-id": Slip(plaintext=sets(**{"@id": "always-the-same"})),
    "said-thread": Slip(plaintext=sets(**{"~thread": {"thid": "another"}})),
    "talk-discover-all": Slip(plaintext=sets(protocols=[])),
    "talk-discover-part": Slip(plaintext=sets(protocols=[{"pid": "https://protocol.invalid/1.0"}])),
    "talk-discover-unknown": Slip(plaintext=sets(protocols=[{"pid": "https://protocol.invalid/1.0"}])),
    "talk-discover-2": Slip(plaintext=sets(disclosures=[])),
    "talk-report-unsupported-message": Slip(plaintext=sets(**{"~thread": {"thid": "another"}})),
    "talk-report-code": Slip(plaintext=sets(description=None)),
}
"""Bugs in what our own agent says."""


def bugs(astray: Astray) -> dict[str, tuple[str, Bug]]:
    """What the front shows, by check."""
    believes, reports, deaf = astray.says(*PONGS), astray.says(REPORT, REPORT_1), astray.deaf()
    responds, acks = astray.says(RESPONSE, early=True), astray.says(ROTATED)
    silent = always(lambda _: Answered(202, {}, b""))
    inbox: dict[str, Bug] = {
        **dict.fromkeys(_DEAF.split(), deaf),
        **dict.fromkeys(_BELIEVED.split(), believes),
        **dict.fromkeys(_REPORTED.split(), reports),
        "oob-taken": silent,
        "refuse-twice": repeats,
        "closed-twice": repeats,
        "refuse-recipients-many": always(broken),
        "closed-recipients-many": always(broken),
        "refuse-status": always(broken),
        "closed-status": always(broken),
        "refuse-oracle": different,
        "transport-status": status(302),
        "talk-status": status(302),
        "said-media-type": header("Content-Type", "text/plain"),
        "ack-loop": astray.says(EMPTY, please_ack=[""]),
        "forward-unknown": astray.says(EMPTY, ack=["forward"]),
        "rotation-again": astray.deaf(lambda message: "from_prior" in message),
        "exchange-response": silent,
        "exchange-label-missing": silent,
        "exchange-taken-twice": responds,
        "rotate-unresolvable": acks,
        "rotate-stranger": acks,
    }
    usual = {"accept": deaf, "open": deaf, "refuse": believes, "closed": believes, "exchange": responds}
    kinds = {"refuse-form": always(welcomed), "closed-form": always(welcomed)}

    def shown(check: str) -> Bug:
        for kind, bug in kinds.items():
            if check.startswith(kind):
                return bug
        return inbox.get(check) or usual[check.partition("-")[0]]

    others = [one.id for plan in PLANS for one in plans.load(plan).requirements if one.id not in {*INVITING, *SLIPS}]
    return {**INVITING, **{check: ("inbox", shown(check)) for check in others}}


PLANS = ("didcomm-v2", "didcomm-v1")
_DEAF = (
    "transport-return-route-thread ping-version-minor report-unsupported-protocol ack-asked "
    "trace-not-followed threads-apart rotation-followed peer-short-form exchange-complete talk-ping-default "
    "talk-version-minor talk-report-unsupported-protocol talk-return-route-thread talk-threads-apart rotate-followed"
)
_BELIEVED = (
    "oob-taken-twice transport-no-return-route transport-return-route-none ping-not-asked ping-response-unasked "
    "ping-version-major empty-taken rotation-old-did rotation-forged-sub rotation-forged-key rotation-forged-kid "
    "rotation-forged-spelling rotation-forged-iss relationship-ended talk-ping-not-asked talk-ping-response-unasked "
    "talk-version-major talk-return-route-missing talk-return-route-none rotate-old-key hangup"
)
_REPORTED = (
    "message-taken report-not-answered report-loop talk-message-taken talk-report-not-answered talk-forward-unknown"
)

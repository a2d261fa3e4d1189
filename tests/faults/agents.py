"""A bug for each check of an agent that speaks DIDComm v2: at the door, or in what our own agent says."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from conformance.didcomm.contact import PING, PONG
from conformance.didcomm.dids import peer_2, peer_4
from conformance.didcomm.invitations import decoded
from conformance.didcomm.keys import AgreementKey, SigningKey
from conformance.jose import b64u, compact_json
from tests.faults.astray import Astray, Change, Slip, keeps, rewritten, sets, told
from tests.faults.front import Answered, Asked, Bug, Forward, always, status

REPORT = "https://didcomm.org/report-problem/2.0/problem-report"
EMPTY = "https://didcomm.org/empty/1.0/empty"
PROTOCOL = {"feature-type": "protocol", "id": "https://protocol.invalid/1.0"}


def invitation(change: Change) -> tuple[str, Bug]:
    """The invitation's message, changed within its URL."""

    def rewrite(found: dict[str, Any]) -> None:
        base, _, encoded = found["url"].partition("?_oob=")
        message = json.loads(decoded(encoded))
        change(message)
        found["url"] = f"{base}?_oob={b64u(compact_json(message))}"

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
}
"""Bugs in what our own agent says."""
UNHEARD = [
    "accept-authcrypt-x25519",
    "accept-authcrypt-p256",
    "accept-authcrypt-p384",
    "accept-anoncrypt-cbc",
    "accept-anoncrypt-gcm",
    "accept-anoncrypt-xc20p",
    "accept-signed-eddsa",
    "accept-signed-es256",
    "accept-signed-es256k",
    "accept-signature-flattened",
    "accept-signature-kid-protected",
    "accept-signature-flattened-kid-protected",
    "accept-recipients",
    "accept-header-no-skid",
    "accept-header-no-typ",
    "accept-header-typ-short",
    "accept-header-unknown",
    "accept-message-typ",
    "accept-message-typ-short",
    "accept-message-no-created-time",
    "accept-message-no-to",
    "accept-message-to-several",
    "accept-message-unknown-header",
    "accept-message-languages",
    "accept-message-expires-later",
    "accept-message-id-uuid",
    "accept-message-attachment",
    "accept-body-missing",
    "accept-media-type-parameter",
    "accept-spaces",
    "transport-return-route-thread",
    "ping-version-minor",
    "report-unsupported-protocol",
    "ack-asked",
    "trace-not-followed",
    "threads-apart",
    "rotation-followed",
    "peer-short-form",
]
"""Checks that something is taken: the bug is an agent that does not hear it."""
BELIEVED = [
    "oob-taken-twice",
    "refuse-damaged-ciphertext",
    "refuse-damaged-tag",
    "refuse-damaged-iv",
    "refuse-damaged-key",
    "refuse-damaged-header",
    "refuse-header-apv-of-others",
    "refuse-header-apv-missing",
    "refuse-header-apu-of-another",
    "refuse-header-sender-missing",
    "refuse-header-epk-missing",
    "refuse-header-alg-unknown",
    "refuse-header-alg-direct",
    "refuse-header-enc-unknown",
    "refuse-header-critical",
    "refuse-header-compressed",
    "refuse-header-epk-zero",
    "refuse-header-epk-off-curve",
    "refuse-header-skid-of-nobody",
    "refuse-enc-gcm",
    "refuse-enc-xc20p",
    "refuse-kdf-no-tag",
    "refuse-kdf-bare-tag",
    "refuse-recipient-other",
    "refuse-recipient-unnamed",
    "refuse-sender-key",
    "refuse-signature-damaged",
    "refuse-signature-payload",
    "refuse-signature-none",
    "refuse-signature-other-key",
    "refuse-signature-agreement-key",
    "refuse-signature-alg-of-another",
    "refuse-signature-to-missing",
    "refuse-signature-to-another",
    "refuse-signer-other",
    "refuse-from-other",
    "refuse-message-from-missing",
    "refuse-message-to-another",
    "refuse-message-to-text",
    "refuse-message-id-missing",
    "refuse-message-id-number",
    "refuse-message-type-missing",
    "refuse-message-type-bare",
    "refuse-message-expired",
    "refuse-message-from-fragment",
    "refuse-message-body-text",
    "refuse-plaintext-member-twice",
    "refuse-plaintext-not-json",
    "refuse-plaintext-array",
    "refuse-plaintext-not-utf-8",
    "refuse-plaintext-deep",
    "refuse-layers-none",
    "refuse-layers-anoncrypt",
    "refuse-layers-authcrypt-twice",
    "refuse-layers-anoncrypt-twice",
    "refuse-layers-signed-twice",
    "refuse-media-type",
    "refuse-stranger",
    "refuse-large",
    "transport-no-return-route",
    "transport-return-route-none",
    "ping-not-asked",
    "ping-response-unasked",
    "ping-version-major",
    "empty-taken",
    "rotation-old-did",
    "rotation-forged-sub",
    "rotation-forged-key",
    "rotation-forged-kid",
    "rotation-forged-spelling",
    "rotation-forged-iss",
    "relationship-ended",
]
"""Checks that something is not believed: the bug is an agent that answers it as a ping."""
REPORTED = ["message-taken", "report-not-answered", "report-loop"]
"""Checks that something needs no report."""
WELCOMED = [f"refuse-form-{name}" for name in ["not-json", "empty", "array", "object", "recipients-missing", "deep"]]


def bugs(astray: Astray) -> dict[str, tuple[str, Bug]]:
    """What the front shows, by check."""
    believes, reports, deaf = astray.says(PONG), astray.says(REPORT), astray.deaf()
    told_again = astray.deaf(lambda message: "from_prior" in message)
    inbox: dict[str, Bug] = {
        **dict.fromkeys(UNHEARD, deaf),
        **dict.fromkeys(BELIEVED, believes),
        **dict.fromkeys(REPORTED, reports),
        **dict.fromkeys(WELCOMED, always(welcomed)),
        "oob-taken": always(lambda _: Answered(202, {}, b"")),
        "refuse-twice": repeats,
        "refuse-recipients-many": always(broken),
        "refuse-oracle": different,
        "transport-status": status(302),
        "ack-loop": astray.says(EMPTY, please_ack=[""]),
        "forward-unknown": astray.says(EMPTY, ack=["forward"]),
        "rotation-again": told_again,
    }
    return {**INVITING, **{check: ("inbox", bug) for check, bug in inbox.items()}}

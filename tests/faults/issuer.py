"""A bug for each check of an issuer."""

import json
import secrets
import zlib
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.faults.front import (
    Answered,
    Asked,
    Bug,
    Forward,
    accepts,
    always,
    credential,
    error,
    header,
    issued,
    jwt,
    member,
    put,
    refuses,
    repeats,
    rewritten,
    same,
    status,
    turned,
)

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
TOKEN = {"access_token": "a" * 43, "token_type": "Bearer", "expires_in": 300}
CREDENTIALS = {"credentials": [{"credential": "e30.e30.e30~"}]}
GRANT = ("grants", PRE_AUTHORIZED)
PID = ("credential_configurations_supported", "pid")


@cache
def stranger() -> str:
    """A self-signed certificate of nobody's, as x5c has it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stranger")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    der = made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return urlsafe_b64encode(der).replace(b"-", b"+").replace(b"_", b"/").decode()


def offer_uri(change: Any) -> Bug:
    """The printed link, changed from its parameters."""

    def changed(answer: Answered) -> Answered:
        document = answer.json
        given = {name: values[0] for name, values in parse_qs(urlsplit(document["credential_offer_uri"]).query).items()}
        pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in change(given).items())
        return answer.with_json({**document, "credential_offer_uri": f"openid-credential-offer://?{pairs}"})

    return always(changed)


def by_value_without_configurations(given: Mapping[str, str]) -> dict[str, str]:
    offer = json.loads(given["credential_offer"])
    put(offer, "credential_configuration_ids", None)
    return {"credential_offer": json.dumps(offer)}


async def burns_the_code(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """A mistyped transaction code ends the offer."""
    code = asked.form.get("pre-authorized_code")
    if code in memory:
        return memory[code]
    answer = await forward(asked)
    if not answer.good:
        memory[code] = answer
    return answer


async def forgets_unique_proof(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
    """Takes `proof` where there are both, which ends as `proofs` of the other key."""
    body = asked.json
    if "proof" in body:
        body["proofs"] = {"jwt": [body.pop("proof")["jwt"]]}
        asked = Asked(asked.method, asked.target, asked.headers, json.dumps(body).encode())
    return await forward(asked)


async def takes_tokens_anywhere(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
    """The access token from the query or from the body."""
    found = parse_qs(asked.target.partition("?")[2]).get("access_token", [asked.json.get("access_token")])[0]
    if found and "Authorization" not in asked.headers:
        headers = {**asked.headers, "Authorization": f"Bearer {found}"}
        asked = Asked(asked.method, asked.target.partition("?")[0], headers, asked.body)
    return await forward(asked)


async def looks_at_the_proof_first(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
    answer = await forward(asked)
    if not answer.good and "e30.e30.e30" in asked.body.decode():
        return answer.with_json({"error": "invalid_proof"})
    return answer


def disclosed(name: str, value: Any) -> Bug:
    """A claim that has to stand in the payload, in a disclosure."""
    text = urlsafe_b64encode(json.dumps([secrets.token_urlsafe(16), name, value]).encode()).rstrip(b"=").decode()
    digest = urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()

    def change(token: str, disclosures: list[str]) -> str:
        def hide(_: dict[str, Any], claims: dict[str, Any]) -> None:
            put(claims, name, None)
            claims["_sd"] = [*claims["_sd"], digest]

        return "~".join([rewritten(token, hide), *disclosures, text, ""])

    return credential(change)


def salted_alike(token: str, disclosures: list[str]) -> str:
    """Every disclosure with one salt, and digests that fit."""
    known: dict[str, str] = {}
    for text in disclosures:
        parts = json.loads(b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)))
        known[text] = urlsafe_b64encode(json.dumps(["A" * 22, *parts[1:]]).encode()).rstrip(b"=").decode()

    def digest(text: str) -> str:
        return urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()

    digests = {digest(old): digest(new) for old, new in known.items()}

    def change(_: dict[str, Any], claims: dict[str, Any]) -> None:
        claims["_sd"] = sorted(digests.get(one, one) for one in claims["_sd"])

    return "~".join([rewritten(token, change), *known.values(), ""])


def status_claim(name: str, value: Any) -> Bug:
    return issued(lambda _, claims: claims["status"]["status_list"].update({name: value}))


async def takes_each_once(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """Refuses what it heard before."""
    if asked.body.decode() in memory:
        return Answered(400, {"Content-Type": "application/json"}, b'{"error": "invalid_notification_id"}')
    memory[asked.body.decode()] = True
    return await forward(asked)


async def counts(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """Status indexes in sequence."""
    memory["next"] = memory.get("next", 100) + 1
    return await status_claim("idx", memory["next"])(asked, forward, memory)


ALL_REVOKED = urlsafe_b64encode(zlib.compress(b"\xff" * 131_072)).rstrip(b"=").decode()
ISSUER: Mapping[str, tuple[str, Bug]] = {
    # Offers
    "offer-one-way": ("make-offer", offer_uri(lambda given: {**given, "credential_offer": "{}"})),
    "offer-by-reference": ("offer", header("Content-Type", "text/plain")),
    "offer-by-value": ("make-offer", offer_uri(by_value_without_configurations)),
    "offer-issuer": ("offer", member("credential_issuer", lambda named: f"{named}/")),
    "offer-configurations": ("offer", member("credential_configuration_ids", ["pid", "pid"])),
    "offer-unknown": ("offer", member("user_pin_required", False)),
    "offer-code-fresh": ("offer", member("pre-authorized_code", "a" * 43, *GRANT)),
    "offer-tx-code": ("offer", member("tx_code", {"input_mode": "numeric", "length": 40}, *GRANT)),
    # Metadata
    "issuer-metadata-path": ("issuer-metadata", status(404)),
    "issuer-metadata-identity": ("issuer-metadata", member("credential_issuer", lambda named: f"{named}/")),
    "issuer-metadata-identifier": ("issuer-metadata", member("credential_issuer", lambda named: f"{named}?x=1")),
    "issuer-metadata-required": ("issuer-metadata", member("format", None, *PID)),
    "issuer-metadata-endpoints": ("issuer-metadata", member("nonce_endpoint", "http://issuer.example/nonce")),
    "issuer-metadata-authorization-servers": ("issuer-metadata", member("authorization_servers", [])),
    "issuer-metadata-unknown": ("issuer-metadata", member("credentials_supported", {})),
    "issuer-metadata-binding": ("issuer-metadata", member("proof_types_supported", None, *PID)),
    "issuer-metadata-proof-algorithms": (
        "issuer-metadata",
        member("proof_signing_alg_values_supported", ["HS256"], *PID, "proof_types_supported", "jwt"),
    ),
    "issuer-metadata-nonce-endpoint": ("issuer-metadata", member("nonce_endpoint")),
    "issuer-metadata-vct": ("issuer-metadata", member("vct", None, *PID)),
    "server-metadata-path": ("server-metadata", status(404)),
    "server-metadata-issuer": ("server-metadata", member("issuer", lambda named: f"{named}/")),
    "server-metadata-token-endpoint": ("server-metadata", member("token_endpoint", "http://issuer.example/token")),
    "server-metadata-grant": ("server-metadata", member("grant_types_supported", ["authorization_code"])),
    "server-metadata-anonymous": ("server-metadata", member("pre-authorized_grant_anonymous_access_supported")),
    "server-metadata-unknown": ("server-metadata", member("token_endpoint_url", "https://issuer.example")),
    # Token
    "token-issued": ("token", member("access_token")),
    "token-no-store": ("token", header("Cache-Control", None)),
    "token-members": ("token", member("c_nonce", "leftover")),
    "token-entropy": ("token", member("access_token", lambda given: given[:12])),
    "token-with-tx-code": ("token", refuses("invalid_grant", lambda asked: "tx_code" in asked.form)),
    "token-tx-code-missing": ("token", accepts(TOKEN)),
    "token-tx-code-wrong": ("token", accepts(TOKEN)),
    "token-tx-code-unexpected": ("token", accepts(TOKEN)),
    "token-code-single-use": ("token", repeats(lambda asked: asked.form["pre-authorized_code"])),
    "token-code-unknown": ("token", error("invalid_request")),
    "token-code-missing": ("token", error("invalid_grant")),
    "token-grant-type-unknown": ("token", error("invalid_request")),
    "token-unknown-parameter": ("token", refuses(when=lambda asked: "undefined_parameter" in asked.form)),
    "token-error-shape": ("token", member("error_description", 'the "code" is unknown')),
    "token-code-kept-on-refusal": ("token", burns_the_code),
    # Nonce
    "nonce-issued": ("nonce", member("c_nonce")),
    "nonce-no-store": ("nonce", header("Cache-Control", "no-cache")),
    "nonce-members": ("nonce", member("c_nonce_expires_in", 86400)),
    "nonce-fresh": ("nonce", same("c_nonce")),
    # Credential
    "credential-issued": ("credential", member("credential", {}, "credentials", 0)),
    "credential-with-tx-code": ("credential", member("credentials", [])),
    "credential-members": ("credential", member("c_nonce", "leftover")),
    "credential-date": ("credential", header("Date", "")),
    "credential-unknown-member": (
        "credential",
        refuses("invalid_credential_request", lambda asked: "undefined_member" in asked.json),
    ),
    "credential-no-token": ("credential", header("WWW-Authenticate", None)),
    "credential-token-unknown": ("credential", status(400)),
    "credential-token-in-query": ("credential", takes_tokens_anywhere),
    "credential-token-in-body": ("credential", takes_tokens_anywhere),
    "credential-configuration-unknown": ("credential", error("unsupported_credential_type")),
    "credential-configuration-before-proof": ("credential", looks_at_the_proof_first),
    "credential-identifier-and-configuration": ("credential", accepts(CREDENTIALS)),
    "credential-names-nothing": ("credential", accepts(CREDENTIALS)),
    "credential-not-json": ("credential", status(500)),
    "credential-proof-and-proofs": ("credential", forgets_unique_proof),
    # Proofs: what is not here has its bug inside
    "proof-missing": ("credential", accepts(CREDENTIALS)),
    "proof-list-empty": ("credential", accepts(CREDENTIALS)),
    "proof-two-types": ("credential", accepts(CREDENTIALS)),
    "proof-type-unknown": ("credential", accepts(CREDENTIALS)),
    "proof-algorithm-none": ("credential", accepts(CREDENTIALS)),
    "proof-algorithm-symmetric": ("credential", accepts(CREDENTIALS)),
    "proof-no-key": ("credential", accepts(CREDENTIALS)),
    "proof-private-key": ("credential", accepts(CREDENTIALS)),
    "proof-nonce-missing": ("credential", accepts(CREDENTIALS)),
    "proof-nonce-made-up": ("credential", error("invalid_proof")),
    "proof-not-a-jwt": ("credential", status(500)),
    # Notification
    "notification-accepted": ("notification", status(404)),
    "notification-repeated": ("notification", takes_each_once),
    "notification-unknown-member": (
        "notification",
        refuses("invalid_notification_request", lambda asked: "undefined_member" in asked.json),
    ),
    "notification-id-unknown": ("notification", accepts(None, 204)),
    "notification-event-unknown": ("notification", error("invalid_notification_id")),
    "notification-no-token": ("notification", status(403)),
    # Credential, as SD-JWT VC
    "sd-jwt-typ": ("credential", issued(lambda head, _: head.update(typ="vc+sd-jwt"))),
    "sd-jwt-vct": ("credential", issued(lambda _, claims: claims.update(vct="urn:other:1"))),
    "sd-jwt-cnf": ("credential", issued(lambda _, claims: claims["cnf"]["jwk"].update(x="A" * 43))),
    "sd-jwt-cnf-public": ("credential", issued(lambda _, claims: claims["cnf"]["jwk"].update(d="A" * 43))),
    "sd-jwt-chain": ("credential", issued(lambda head, _: head.update(x5c=[stranger()]))),
    "sd-jwt-chain-without-root": ("credential", issued(lambda head, _: head.update(x5c=[*head["x5c"], stranger()]))),
    "sd-jwt-signature": ("credential", credential(lambda token, shown: "~".join([turned(token), *shown, ""]))),
    "sd-jwt-disclosures": ("credential", credential(lambda token, shown: "~".join([token, *shown, shown[0], ""]))),
    "sd-jwt-not-disclosable": ("credential", disclosed("exp", 4_000_000_000)),
    "sd-jwt-salts": ("credential", credential(salted_alike)),
    "sd-jwt-times": ("credential", issued(lambda _, claims: claims.update(iat=4_000_000_000))),
    "sd-jwt-ends": ("credential", issued(lambda _, claims: [claims.pop(name) for name in ("exp", "status")] and None)),
    "sd-jwt-no-key-binding": (
        "credential",
        credential(lambda token, shown: "~".join([token, *shown, "e30.e30.e30"])),
    ),
    # Status
    "status-reference": ("credential", status_claim("uri", "http://issuer.example/list#1")),
    "status-media-type": ("status-list", header("Content-Type", "application/jwt")),
    "status-token": ("status-list", jwt(lambda _, claims: claims.update(sub="https://issuer.example/other"))),
    "status-valid": ("status-list", jwt(lambda _, claims: claims["status_list"].update(lst=ALL_REVOKED, bits=1))),
    "status-chain": ("status-list", jwt(lambda head, _: head.update(x5c=[stranger()]))),
    "status-signature": (
        "status-list",
        always(lambda answer: Answered(answer.status, answer.headers, turned(answer.body.decode()).encode())),
    ),
    "status-index-unique": ("credential", status_claim("idx", 7)),
    "status-index-random": ("credential", counts),
}

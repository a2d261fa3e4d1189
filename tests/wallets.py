"""A wallet of ours, honest by default: every step builds what it would send, and a test changes what it wants."""

import hashlib
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class HolderKey:
    """A P-256 key outside of anything of ours."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        numbers = self.private.public_key().public_numbers()
        self.jwk = {
            "kty": "EC",
            "crv": "P-256",
            "x": b64(numbers.x.to_bytes(32, "big")),
            "y": b64(numbers.y.to_bytes(32, "big")),
        }

    def jwt(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        text = f"{b64(compact({'alg': 'ES256', **header}))}.{b64(compact(dict(claims)))}"
        r, s = decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def claims_of(token: str) -> dict[str, Any]:
    return json.loads(unb64(token.split(".")[1]))


def header_of(token: str) -> dict[str, Any]:
    return json.loads(unb64(token.split(".")[0]))


@dataclass(slots=True)
class Answer:
    """Status, headers, and the body as JSON or text."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def error(self) -> str | None:
        return self.body.get("error") if isinstance(self.body, dict) else None


@dataclass(slots=True)
class Wallet:
    """Steps of OpenID4VCI and OpenID4VP over HTTP."""

    session: aiohttp.ClientSession
    key: HolderKey = field(default_factory=HolderKey)

    async def send(self, method: str, url: str, **arguments: Any) -> Answer:
        async with self.session.request(method, url, allow_redirects=False, **arguments) as answer:
            text = await answer.text()
            try:
                body: Any = json.loads(text)
            except ValueError:
                body = text
            return Answer(answer.status, answer.headers, body)

    # ----------------------------------------------------------------------------------------------------- issuance
    async def offer(self, uri: str) -> dict[str, Any]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(uri).query).items()}
        if "credential_offer" in query:
            return json.loads(query["credential_offer"])
        answer = await self.send("GET", query["credential_offer_uri"])
        assert answer.status == 200, answer
        return answer.body

    async def metadata(self, issuer: str) -> dict[str, Any]:
        parts = urlsplit(issuer)
        url = f"{parts.scheme}://{parts.netloc}/.well-known/openid-credential-issuer{parts.path}"
        return (await self.send("GET", url)).body

    async def token(self, offer: Mapping[str, Any], tx_code: str | None = None, **changes: str) -> Answer:
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code_of(offer)}
        form |= {"tx_code": tx_code} if tx_code else {}
        return await self.send("POST", f"{offer['credential_issuer']}/token", data=form | changes)

    async def nonce(self, issuer: str) -> str:
        answer = await self.send("POST", f"{issuer}/nonce")
        assert answer.status == 200, answer
        return answer.body["c_nonce"]

    def proof(self, issuer: str, nonce: str | None, key: HolderKey | None = None, **changes: Any) -> str:
        key = key or self.key
        header = {"typ": "openid4vci-proof+jwt", "jwk": key.jwk} | changes.pop("header", {})
        claims = {"aud": issuer, "iat": int(time.time()), "nonce": nonce} | changes
        return key.jwt(header, {name: value for name, value in claims.items() if value is not None})

    async def credential(self, issuer: str, token: str, proofs: Any, configuration: str = "pid") -> Answer:
        body = {"credential_configuration_id": configuration} | ({"proofs": proofs} if proofs is not None else {})
        return await self.send("POST", f"{issuer}/credential", json=body, headers={"Authorization": f"Bearer {token}"})

    async def obtain(self, uri: str, tx_code: str | None = None) -> Answer:
        """The whole issuance; the credential response."""
        offer = await self.offer(uri)
        issuer = offer["credential_issuer"]
        token = await self.token(offer, tx_code)
        assert token.status == 200, token
        proof = self.proof(issuer, await self.nonce(issuer))
        return await self.credential(issuer, token.body["access_token"], {"jwt": [proof]})

    # ------------------------------------------------------------------------------------------------- presentation
    async def request(self, uri: str) -> dict[str, Any]:
        query = {name: values[0] for name, values in parse_qs(urlsplit(uri).query).items()}
        if "request_uri" not in query:
            return {name: json.loads(value) if value[:1] in "{[" else value for name, value in query.items()}
        answer = await self.send("GET", query["request_uri"])
        assert answer.status == 200, answer
        return claims_of(answer.body)

    def presentation(self, credential: str, request: Mapping[str, Any], names: set[str], **changes: Any) -> str:
        token, *disclosures = credential.split("~")[:-1]
        kept = [one for one in disclosures if json.loads(unb64(one))[1] in names]
        presented = "~".join([token, *kept]) + "~"
        claims = {
            "iat": int(time.time()),
            "aud": request["client_id"],
            "nonce": request["nonce"],
            "sd_hash": b64(hashlib.sha256(presented.encode()).digest()),
        }
        header = {"typ": "kb+jwt"} | changes.pop("header", {})
        key = changes.pop("key", self.key)
        return presented + key.jwt(header, claims | changes)

    async def respond(self, request: Mapping[str, Any], vp_token: Any, **changes: Any) -> Answer:
        payload = {"vp_token": vp_token, "state": request["state"]} | changes
        if request["response_mode"] == "direct_post":
            form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in payload.items()}
        else:
            form = {"response": encrypt(request["client_metadata"], payload)}
        return await self.send("POST", request["response_uri"], data=form)

    async def present(self, uri: str, credential: str, names: set[str]) -> Answer:
        """The whole presentation; the verifier's answer."""
        request = await self.request(uri)
        (asked,) = request["dcql_query"]["credentials"]
        return await self.respond(request, {asked["id"]: [self.presentation(credential, request, names)]})


def code_of(offer: Mapping[str, Any]) -> str:
    return offer["grants"][PRE_AUTHORIZED]["pre-authorized_code"]


def encrypt(metadata: Mapping[str, Any], payload: Any, encoding: str = "A128GCM") -> str:
    """A compact JWE to the verifier's key, made by jwcrypto."""
    jwk = metadata["jwks"]["keys"][0]
    header = {"alg": "ECDH-ES", "enc": encoding, "kid": jwk["kid"]}
    token = JWE(compact(payload), protected=json.dumps(header))
    token.add_recipient(JWK(**jwk))
    return token.serialize(compact=True)

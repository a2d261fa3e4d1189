"""Encrypted credential requests and responses (OpenID4VCI 1.0, 10)."""

import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from conformance.http import Answer
from conformance.jose import Jwk, Key, b64u, compact_json, decrypt, encrypt, jwe_header, read_object
from conformance.registry import check, check_each
from conformance.session import Session
from conformance.verdict import Blocked, expect, expect_error, skip
from conformance.wallet import Issuance

BOMB = 50_000_000
KID = "wallet-answer-key"


@dataclass(slots=True)
class Sealed:
    """An issuance whose wallet encrypts: to the issuer's key, and with a key of its own for the answer."""

    issuance: Issuance
    key: Jwk
    enc: str
    answer: Key = field(default_factory=Key)

    @classmethod
    async def of(cls, session: Session) -> "Sealed":
        return cls.about(await Issuance.authorized(session))

    @classmethod
    def about(cls, issuance: Issuance) -> "Sealed":
        asking, answering = (issuance.issuer.get(f"credential_{side}_encryption") for side in ("request", "response"))
        if not isinstance(asking, dict) or not isinstance(answering, dict):
            skip("the issuer does not announce encryption of both requests and responses")
        keys = [one for one in asking.get("jwks", {}).get("keys", []) if one.get("crv") == "P-256"]
        encodings = [one for one in asking.get("enc_values_supported", []) if one in ("A128GCM", "A256GCM")]
        if not keys or not encodings or "ECDH-ES" not in answering.get("alg_values_supported", []):
            skip("the issuer's encryption is not ECDH-ES on P-256 with AES-GCM")
        return cls(issuance, keys[0], encodings[0])

    @property
    def jwk(self) -> Jwk:
        return {**self.answer.jwk, "kid": KID, "alg": "ECDH-ES", "use": "enc"}

    def wanted(self, **changes: Any) -> dict[str, Any]:
        """credential_response_encryption."""
        return {"jwk": self.jwk, "enc": self.enc} | changes

    async def request(self, **changes: Any) -> dict[str, Any]:
        asked = {"credential_response_encryption": self.wanted(), **changes}
        return self.issuance.credential_request(await self.issuance.proof(), **asked)

    def sealed(self, body: Any, **header: Any) -> str:
        """The request as a JWE."""
        plaintext = body if isinstance(body, bytes) else compact_json(body)
        return encrypt(self.key, self.enc, plaintext, header)

    async def send(self, jwe: str, endpoint: str = "credential_endpoint") -> Answer:
        url = self.issuance.issuer[endpoint]
        return await self.issuance.ask(url, data=jwe, more={"Content-Type": "application/jwt"})

    def opened(self, answer: Answer) -> dict[str, Any]:
        if answer.status not in {200, 202} or answer.media_type != "application/jwt":
            raise Blocked(str(answer))
        return read_object(decrypt(answer.text().strip(), self.answer.private))


@check("encrypted-response")
async def response_is_encrypted(session: Session) -> None:
    """An encrypted request for an encrypted response: application/jwt, and it opens with the wallet's key."""
    sealed = await Sealed.of(session)
    answer = await sealed.send(sealed.sealed(await sealed.request()))
    expect(answer.status in {200, 202}, "HTTP 200 or 202", answer)
    expect(answer.media_type == "application/jwt", "application/jwt", answer.media_type)
    expect(sealed.opened(answer).get("credentials"), "credentials inside", "none")


@check("encrypted-response-header")
async def response_header_is_what_was_asked(session: Session) -> None:
    """alg and kid of the wallet's key, and the enc that was asked for."""
    sealed = await Sealed.of(session)
    answer = await sealed.send(sealed.sealed(await sealed.request()))
    sealed.opened(answer)
    header = jwe_header(answer.text().strip())
    wanted = {"alg": "ECDH-ES", "enc": sealed.enc, "kid": KID}
    expect(wanted.items() <= header.items(), str(wanted), {name: header.get(name) for name in wanted})


@check("encrypted-request-plain-response")
async def request_alone_may_be_encrypted(session: Session) -> None:
    """An encrypted request that asks for a plain answer, where encryption is not required."""
    sealed = await Sealed.of(session)
    if sealed.issuance.issuer["credential_response_encryption"].get("encryption_required"):
        skip("the issuer requires encryption")
    answer = await sealed.send(sealed.sealed(await sealed.request(credential_response_encryption=None)))
    expect(answer.status == 200 and answer.media_type == "application/json", "HTTP 200, application/json", answer)


@check("encrypted-request-compressed")
async def compressed_requests_are_read(session: Session) -> None:
    """zip DEF in the request, where it is announced."""
    sealed = await Sealed.of(session)
    if "DEF" not in sealed.issuance.issuer["credential_request_encryption"].get("zip_values_supported", []):
        skip("the issuer announces no compression")
    answer = await sealed.send(sealed.sealed(_deflated(compact_json(await sealed.request())), zip="DEF"))
    expect(answer.status in {200, 202}, "HTTP 200 or 202", answer)


@check("encrypted-error-plain")
async def errors_are_not_encrypted(session: Session) -> None:
    """An unknown configuration in an encrypted request: a plain JSON error."""
    sealed = await Sealed.of(session)
    named = {"credential_configuration_id": "urn:example:no-such-configuration", "credential_identifier": None}
    answer = await sealed.send(sealed.sealed(await sealed.request(**named)))
    expect_error(answer, "unknown_credential_configuration")


@check("encrypted-response-to-plain-request")
async def response_key_in_clear_is_refused(session: Session) -> None:
    """A response key in a request in clear, which anybody on the way could have put there (8.2)."""
    sealed = await Sealed.of(session)
    answer = await sealed.issuance.post_credential(await sealed.request())
    expect_error(answer, "invalid_encryption_parameters", "invalid_credential_request")


def _without(jwk: Jwk, *names: str) -> Jwk:
    return {name: value for name, value in jwk.items() if name not in names}


ASKED: dict[str, tuple[str, Any]] = {
    "alg-unknown": ("alg of the wallet's key that nobody defined.", {"alg": "UNSUPPORTED_ALG"}),
    "alg-missing": ("A wallet's key without alg.", {"alg": None}),
    "key-private": ("The wallet's private key.", {"d": b64u(bytes(31) + b"\1")}),
    "key-for-signing": ("A wallet's key for signatures.", {"use": "sig"}),
    "key-off-curve": ("A wallet's key that is not on its curve.", {"y": b64u(bytes(31) + b"\1")}),
    "key-symmetric": ("A symmetric wallet's key.", {"kty": "oct", "k": "AAAA", "crv": None, "x": None, "y": None}),
}


@check_each("encrypted-response", ASKED)
async def response_key_is_refused(session: Session, changes: dict[str, Any]) -> None:
    sealed = await Sealed.of(session)
    jwk = {name: value for name, value in {**sealed.jwk, **changes}.items() if value is not None}
    wanted = sealed.wanted(jwk=jwk)
    answer = await sealed.send(sealed.sealed(await sealed.request(credential_response_encryption=wanted)))
    expect_error(answer, "invalid_encryption_parameters")


MEMBERS: dict[str, tuple[str, Any]] = {
    "enc-unknown": ("enc that nobody defined.", {"enc": "A1GCM"}),
    "enc-missing": ("No enc.", {"enc": None}),
    "key-missing": ("No jwk.", {"jwk": None}),
    "zip-unknown": ("zip that nobody announced.", {"zip": "GZIP"}),
}


@check_each("encrypted-response", MEMBERS)
async def response_parameters_are_refused(session: Session, changes: dict[str, Any]) -> None:
    sealed = await Sealed.of(session)
    wanted = {name: value for name, value in sealed.wanted(**changes).items() if value is not None}
    answer = await sealed.send(sealed.sealed(await sealed.request(credential_response_encryption=wanted)))
    expect_error(answer, "invalid_encryption_parameters")


HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "kid-unknown": ("kid of a key that the issuer never had.", {"kid": "no-such-key"}),
    "alg-unknown": ("alg that nobody announced.", {"alg": "ECDH-1PU"}),
    "enc-unknown": ("enc that nobody announced.", {"enc": "A128CBC-HS256"}),
    "alg-dir": ("alg dir.", {"alg": "dir"}),
    "zip-unknown": ("zip that nobody announced.", {"zip": "GZIP"}),
    "critical": ("A critical header parameter nobody defined.", {"crit": ["x"], "x": 1}),
}


@check_each("encrypted-request", HEADERS)
async def request_header_is_refused(session: Session, changes: dict[str, Any]) -> None:
    sealed = await Sealed.of(session)
    token = sealed.sealed(await sealed.request())
    head, _, rest = token.partition(".")
    changed = b64u(compact_json({**jwe_header(token), **changes}))
    expect(changed != head, "another header", "the same")
    answer = await sealed.send(f"{changed}.{rest}")
    expect_error(answer, "invalid_encryption_parameters", "invalid_credential_request")


@check("encrypted-request-tampered")
async def tag_is_checked(session: Session) -> None:
    """One character of the ciphertext changed."""
    sealed = await Sealed.of(session)
    parts = sealed.sealed(await sealed.request()).split(".")
    parts[3] = ("B" if parts[3][0] == "A" else "A") + parts[3][1:]
    answer = await sealed.send(".".join(parts))
    expect_error(answer, "invalid_encryption_parameters", "invalid_credential_request")


@check("encrypted-request-not-a-jwe")
async def noise_is_refused(session: Session) -> None:
    """A body of type application/jwt that is no JWE."""
    sealed = await Sealed.of(session)
    answer = await sealed.send("not-a-jwe")
    expect_error(answer, "invalid_encryption_parameters", "invalid_credential_request")


@check("encrypted-request-not-json")
async def what_is_inside_is_json(session: Session) -> None:
    """A JWE around something that is no JSON object."""
    sealed = await Sealed.of(session)
    answer = await sealed.send(sealed.sealed(b"no json"))
    expect_error(answer, "invalid_credential_request")


@check("encrypted-request-bomb")
async def bombs_are_not_inflated(session: Session) -> None:
    """Fifty megabytes compressed to fifty kilobytes, where compression is announced: refused."""
    sealed = await Sealed.of(session)
    if "DEF" not in sealed.issuance.issuer["credential_request_encryption"].get("zip_values_supported", []):
        skip("the issuer announces no compression")
    bomb = _deflated(json.dumps({"x": "A" * BOMB}).encode())
    answer = await sealed.send(sealed.sealed(bomb, zip="DEF"))
    expect(answer.status in {400, 413}, "HTTP 400 or 413", answer)


def _deflated(data: bytes) -> bytes:
    """DEFLATE without a wrapper (RFC 7516, 4.1.3)."""
    made = zlib.compressobj(wbits=-15)
    return made.compress(data) + made.flush()

"""The Credential Endpoint (OpenID4VCI 1.0, 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, json_reply
from protocols.jose import jwk as jwks
from protocols.oauth import access_token
from protocols.oauth.access_token import PresentedToken
from protocols.openid4vci.errors import InvalidCredentialRequest, InvalidEncryptionParameters, InvalidProof

ENCODINGS = ("A128GCM", "A256GCM")


@dataclass(frozen=True, slots=True)
class ResponseEncryption:
    """How the wallet wants its answer encrypted (8.2, 10)."""

    jwk: Mapping[str, Any]
    enc: str
    compressed: bool


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """A Credential Request (8.2): one proof type with its proofs, or none."""

    credential_configuration_id: str | None
    credential_identifier: str | None
    proof_type: str | None
    proofs: tuple[Any, ...]
    response_encryption: ResponseEncryption | None = None


@dataclass(frozen=True, slots=True)
class CredentialCall:
    """A request as it came: in clear, or as a JWE to be decrypted once the token is believed."""

    access_token: PresentedToken
    request: CredentialRequest | None
    encrypted: str | None = None


@dataclass(frozen=True, slots=True)
class EncryptedResponse:
    """A Credential Response as a compact JWE (10); 202 when what is inside says to come again."""

    jwe: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class CredentialResponse:
    """An immediate Credential Response (8.3)."""

    credentials: Sequence[Any]
    notification_id: str | None = None


@dataclass(frozen=True, slots=True)
class DeferredResponse:
    """Come again with this `transaction_id`, after at least so many seconds (8.3, 9.2)."""

    transaction_id: str
    interval: int


def parse(call: Call) -> CredentialCall:
    """The request. Raises InvalidToken, InvalidCredentialRequest, InvalidProof, InvalidEncryptionParameters."""
    token = access_token.presented(call)
    if call.media_type == "application/jwt":
        try:
            return CredentialCall(token, None, call.body.decode("ascii"))
        except UnicodeDecodeError:
            raise InvalidCredentialRequest("not a JWE") from None
    try:
        body = call.json()
    except Malformed as error:
        raise InvalidCredentialRequest(error.detail) from None
    return CredentialCall(token, read(body))


def read(body: Any) -> CredentialRequest:
    """The request's members. Raises InvalidCredentialRequest, InvalidProof, InvalidEncryptionParameters."""
    if not isinstance(body, dict):
        raise InvalidCredentialRequest("not an object")
    configuration = _text(body, "credential_configuration_id")
    identifier = _text(body, "credential_identifier")
    if (configuration is None) == (identifier is None):
        raise InvalidCredentialRequest("one of credential_configuration_id and credential_identifier")
    if "proof" in body:
        raise InvalidCredentialRequest("proof is of a draft; proofs holds arrays")
    proof_type, proofs = _proofs(body.get("proofs"))
    encryption = response_encryption(body.get("credential_response_encryption"))
    return CredentialRequest(configuration, identifier, proof_type, proofs, encryption)


def response_encryption(value: Any) -> ResponseEncryption | None:
    """credential_response_encryption (8.2). Raises InvalidEncryptionParameters."""
    if value is None:
        return None
    key = value.get("jwk") if isinstance(value, dict) else None
    if not isinstance(key, dict):
        raise InvalidEncryptionParameters("jwk")
    if key.get("alg") != "ECDH-ES" or key.get("use", "enc") != "enc":
        raise InvalidEncryptionParameters("alg")
    if value.get("enc") not in ENCODINGS:
        raise InvalidEncryptionParameters("enc")
    if value.get("zip") not in (None, "DEF"):
        raise InvalidEncryptionParameters("zip")
    try:
        jwk = jwks.public(key)
    except Malformed as error:
        raise InvalidEncryptionParameters(error.detail) from None
    if jwk.get("crv") not in ("P-256", "P-384", "P-521", "X25519"):
        raise InvalidEncryptionParameters("curve")
    kid = {"kid": key["kid"]} if isinstance(key.get("kid"), str) else {}
    return ResponseEncryption({**jwk, **kid}, value["enc"], value.get("zip") == "DEF")


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and (not isinstance(value, str) or not 1 <= len(value) <= 512):
        raise InvalidCredentialRequest(name)
    return value


def _proofs(proofs: Any) -> tuple[str | None, tuple[Any, ...]]:
    if proofs is None:
        return None, ()
    if not isinstance(proofs, dict) or len(proofs) != 1:
        raise InvalidProof("one proof type")
    ((proof_type, values),) = proofs.items()
    if not isinstance(values, list) or not values:
        raise InvalidProof("a non-empty array")
    return proof_type, tuple(values)


def as_json(response: CredentialResponse | DeferredResponse) -> dict[str, Any]:
    """The JSON of 8.3."""
    if isinstance(response, DeferredResponse):
        return {"transaction_id": response.transaction_id, "interval": response.interval}
    body: dict[str, Any] = {"credentials": [{"credential": one} for one in response.credentials]}
    if response.notification_id:
        body["notification_id"] = response.notification_id
    return body


def status_of(response: CredentialResponse | DeferredResponse) -> int:
    """202 says that there are no credentials yet (8.3)."""
    return 202 if isinstance(response, DeferredResponse) else 200


def render(response: CredentialResponse | DeferredResponse | EncryptedResponse) -> Reply:
    """The JSON of 8.3, or the JWE of 10."""
    if isinstance(response, EncryptedResponse):
        return Reply(response.status, response.jwe.encode(), "application/jwt", NO_STORE)
    return json_reply(as_json(response), status_of(response), NO_STORE)

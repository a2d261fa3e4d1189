"""The Credential Endpoint (OpenID4VCI 1.0, 8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.errors import Malformed
from protocols.http import NO_STORE, Call, Reply, json_reply
from protocols.oauth import access_token
from protocols.oauth.access_token import PresentedToken
from protocols.openid4vci.errors import InvalidCredentialRequest, InvalidEncryptionParameters, InvalidProof


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """A Credential Request (8.2): one proof type with its proofs, or none."""

    access_token: PresentedToken
    credential_configuration_id: str | None
    credential_identifier: str | None
    proof_type: str | None
    proofs: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class CredentialResponse:
    """An immediate Credential Response (8.3)."""

    credentials: Sequence[Any]
    notification_id: str | None = None


def parse(call: Call) -> CredentialRequest:
    """The request. Raises InvalidToken, InvalidCredentialRequest, InvalidProof, InvalidEncryptionParameters."""
    token = access_token.presented(call)
    try:
        body = call.json()
    except Malformed as error:
        raise InvalidCredentialRequest(error.detail) from None
    if not isinstance(body, dict):
        raise InvalidCredentialRequest("not an object")
    configuration = _text(body, "credential_configuration_id")
    identifier = _text(body, "credential_identifier")
    if (configuration is None) == (identifier is None):
        raise InvalidCredentialRequest("one of credential_configuration_id and credential_identifier")
    if "credential_response_encryption" in body:
        raise InvalidEncryptionParameters("not supported")
    if "proof" in body:
        raise InvalidCredentialRequest("proof is of a draft; proofs holds arrays")
    proof_type, proofs = _proofs(body.get("proofs"))
    return CredentialRequest(token, configuration, identifier, proof_type, proofs)


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


def render(response: CredentialResponse) -> Reply:
    """The JSON of 8.3."""
    body: dict[str, Any] = {"credentials": [{"credential": one} for one in response.credentials]}
    if response.notification_id:
        body["notification_id"] = response.notification_id
    return json_reply(body, headers=NO_STORE)

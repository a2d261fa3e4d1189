"""The Deferred Credential Endpoint (OpenID4VCI 1.0, 9). Its answers are the Credential Endpoint's."""

from dataclasses import dataclass
from typing import Any

from protocols.errors import Malformed
from protocols.http import Call
from protocols.oauth import access_token
from protocols.oauth.access_token import PresentedToken
from protocols.openid4vci.credential import ResponseEncryption, response_encryption
from protocols.openid4vci.errors import InvalidCredentialRequest


@dataclass(frozen=True, slots=True)
class DeferredCredentialRequest:
    """A Deferred Credential Request (9.1); members that the section does not name are ignored, proofs among them."""

    transaction_id: str
    response_encryption: ResponseEncryption | None = None


@dataclass(frozen=True, slots=True)
class DeferredCredentialCall:
    """A request as it came: in clear, or as a JWE to be decrypted once the token is believed."""

    access_token: PresentedToken
    request: DeferredCredentialRequest | None
    encrypted: str | None = None


def parse(call: Call) -> DeferredCredentialCall:
    """The request. Raises InvalidToken, InvalidCredentialRequest, InvalidEncryptionParameters."""
    token = access_token.presented(call)
    if call.media_type == "application/jwt":
        try:
            return DeferredCredentialCall(token, None, call.body.decode("ascii"))
        except UnicodeDecodeError:
            raise InvalidCredentialRequest("not a JWE") from None
    try:
        body = call.json()
    except Malformed as error:
        raise InvalidCredentialRequest(error.detail) from None
    return DeferredCredentialCall(token, read(body))


def read(body: Any) -> DeferredCredentialRequest:
    """The request's members. Raises InvalidCredentialRequest, InvalidEncryptionParameters."""
    if not isinstance(body, dict):
        raise InvalidCredentialRequest("not an object")
    transaction_id = body.get("transaction_id")
    if not isinstance(transaction_id, str) or not 1 <= len(transaction_id) <= 512:
        raise InvalidCredentialRequest("transaction_id")
    return DeferredCredentialRequest(transaction_id, response_encryption(body.get("credential_response_encryption")))

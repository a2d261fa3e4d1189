"""Requests and responses that travel encrypted (OpenID4VCI 1.0, 10)."""

from agent.encryption import transport
from agent.scope import Scope
from protocols.encoding import parse_json, render_json
from protocols.errors import ProtocolError
from protocols.jose import jwe
from protocols.openid4vci import credential, deferred_credential
from protocols.openid4vci.credential import (
    CredentialCall,
    CredentialRequest,
    CredentialResponse,
    DeferredResponse,
    EncryptedResponse,
    ResponseEncryption,
)
from protocols.openid4vci.deferred_credential import DeferredCredentialCall, DeferredCredentialRequest
from protocols.openid4vci.errors import InvalidCredentialRequest, InvalidEncryptionParameters

_LONGEST = 262_144


def read_request(scope: Scope, call: CredentialCall) -> CredentialRequest:
    """The request in clear. A response key that came in clear could be anybody's (8.2): it is refused.

    Raises InvalidCredentialRequest, InvalidProof, InvalidEncryptionParameters.
    """
    request = call.request or credential.read(_decrypted(scope, call.encrypted or ""))
    _require_encryption(scope, call.request is None, request.response_encryption)
    return request


def read_deferred_request(scope: Scope, call: DeferredCredentialCall) -> DeferredCredentialRequest:
    """The same for a Deferred Credential Request (9.1)."""
    request = call.request or deferred_credential.read(_decrypted(scope, call.encrypted or ""))
    _require_encryption(scope, call.request is None, request.response_encryption)
    return request


def _require_encryption(scope: Scope, encrypted: bool, response: ResponseEncryption | None) -> None:
    if not encrypted and response is not None:
        raise InvalidEncryptionParameters("an encrypted response needs an encrypted request")
    if scope.catalogue.policy.require_encryption and not (encrypted and response):
        raise InvalidEncryptionParameters("encryption is required")


def _decrypted(scope: Scope, token: str) -> object:
    try:
        kid = jwe.header(token).get("kid")
        keys = [key for key in transport.request_keys(scope.vault, scope.now()) if key["kid"] == kid]
        if not keys:
            raise InvalidEncryptionParameters("no such key")  # noqa: TRY301  # with the other refusals of the header
        _, plaintext = jwe.decrypt(token, keys[0], encodings=credential.ENCODINGS, max_bytes=_LONGEST)
    except jwe.EncryptionNotAllowed as error:
        raise InvalidEncryptionParameters(error.detail) from None
    except InvalidEncryptionParameters:
        raise
    except ProtocolError as error:
        raise InvalidCredentialRequest(error.detail) from None
    try:
        return parse_json(plaintext)
    except ProtocolError as error:
        raise InvalidCredentialRequest(error.detail) from None


def sealed_response(
    request: CredentialRequest | DeferredCredentialRequest, response: CredentialResponse | DeferredResponse
) -> CredentialResponse | DeferredResponse | EncryptedResponse:
    """Encrypted to the wallet's key when it asked for that, whatever is inside (8.3, 9.2)."""
    wanted = request.response_encryption
    if wanted is None:
        return response
    jwe = transport.encrypt(render_json(credential.as_json(response)), wanted.jwk, wanted.enc, wanted.compressed)
    return EncryptedResponse(jwe, credential.status_of(response))

"""Requests and responses that travel encrypted (OpenID4VCI 1.0, 10)."""

from agent.encryption import transport
from agent.scope import Scope
from protocols.encoding import parse_json, render_json
from protocols.errors import ProtocolError
from protocols.jose import jwe
from protocols.openid4vci import credential
from protocols.openid4vci.credential import CredentialCall, CredentialRequest, CredentialResponse, EncryptedResponse
from protocols.openid4vci.errors import InvalidCredentialRequest, InvalidEncryptionParameters

_LONGEST = 262_144


def read_request(scope: Scope, call: CredentialCall) -> CredentialRequest:
    """The request in clear. A response key that came in clear could be anybody's (8.2): it is refused.

    Raises InvalidCredentialRequest, InvalidProof, InvalidEncryptionParameters.
    """
    if call.request is not None:
        if call.request.response_encryption is not None:
            raise InvalidEncryptionParameters("an encrypted response needs an encrypted request")
        if scope.catalogue.policy.require_encryption:
            raise InvalidEncryptionParameters("encryption is required")
        return call.request
    request = credential.read(_decrypted(scope, call.encrypted or ""))
    if scope.catalogue.policy.require_encryption and request.response_encryption is None:
        raise InvalidEncryptionParameters("encryption is required")
    return request


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


def sealed_response(request: CredentialRequest, response: CredentialResponse) -> CredentialResponse | EncryptedResponse:
    """Encrypted to the wallet's key when it asked for that."""
    wanted = request.response_encryption
    if wanted is None:
        return response
    plaintext = render_json(credential.as_json(response))
    return EncryptedResponse(transport.encrypt(plaintext, wanted.jwk, wanted.enc, wanted.compressed))

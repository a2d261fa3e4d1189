"""GET and POST /presentation-requests/{request}: the Request Object, signed at this moment (OpenID4VP 1.0, 5.10)."""

from agent.encryption import transport
from agent.operations.verifying import secrets
from agent.operations.verifying.authorization_requests import request_of, sign, signer_of
from agent.scope import Scope
from agent.scope.verifying import OpenRequest
from protocols.dcql import query as dcql
from protocols.errors import ProtocolError
from protocols.openid4vp import wallet_metadata
from protocols.openid4vp.request_object import RequestUriCall
from protocols.openid4vp.wallet_metadata import WalletMetadata


class RequestGone(ProtocolError):
    """The request does not exist, was answered or has expired."""

    code = "invalid_request"
    status = 404


async def serve_request_object(scope: Scope, call: RequestUriCall) -> str:
    """The signed Request Object, encrypted where the wallet gave a key. Raises RequestGone, Malformed, UnfitWallet."""
    # 1. whose request, and what the wallet says of itself: read before anything is looked up
    request_id = secrets.read_reference(scope.vault, call.request, "request")
    if request_id is None:
        raise RequestGone("not ours")
    wallet = wallet_metadata.read(call.wallet_metadata) if call.wallet_metadata is not None else None
    # 2. the request while it waits; it may be fetched again
    async with scope.unit() as unit:
        found: OpenRequest | None = await unit.presentations.fetch(request_id)
        if found is None:
            raise RequestGone()
        await unit.commit()
    # 3. narrowed to what the wallet can do, signed, sealed to its key
    return await _signed(scope, found, call.wallet_nonce, wallet)


async def _signed(scope: Scope, found: OpenRequest, wallet_nonce: str | None, wallet: WalletMetadata | None) -> str:
    _, signer = await signer_of(scope, found)
    if not signer.signed:
        raise RequestGone("must not be signed")
    request = request_of(scope, found, signer, wallet_nonce)
    if wallet is None:
        return await sign(scope, request, found, signer)
    asked, algorithm = dcql.parse(found.dcql_query), scope.catalogue.key("verifier").algorithm
    request = wallet_metadata.negotiate(request, asked, found.client_id_prefix, algorithm, wallet)
    token = await sign(scope, request, found, signer)
    if wallet.encryption_key is None:
        return token
    encoding = wallet_metadata.object_encoding(wallet)
    return transport.encrypt(token.encode(), wallet.encryption_key, encoding, compressed=False, content_type="JWT")

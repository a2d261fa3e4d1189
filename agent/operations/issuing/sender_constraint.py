"""Tokens that only their owner can use: DPoP (RFC 9449) and mutual TLS (RFC 8705, 3)."""

import hmac
from functools import partial
from hashlib import sha256

from agent.scope import Scope
from agent.scope.authorizing import Mark
from protocols.oauth import dpop, nonce
from protocols.oauth.access_token import PresentedToken
from protocols.oauth.dpop import DpopProof, PresentedProof
from protocols.oauth.errors import InvalidDpopProof, InvalidToken, InvalidTokenProof, UseDpopNonce
from protocols.oauth.nonce import StaleNonce


def at_server(scope: Scope, presented: PresentedProof | None) -> DpopProof | None:
    """The proof beside a request to the authorization server. Raises InvalidDpopProof, UseDpopNonce."""
    if presented is None:
        if scope.catalogue.policy.require_dpop:
            raise InvalidDpopProof("DPoP is required")
        return None
    proof = dpop.verify(presented, scope.now())
    _require_nonce(scope, proof)
    return proof


def at_resource(
    scope: Scope, presented: PresentedToken, dpop_thumbprint: bytes | None, certificate_thumbprint: bytes | None
) -> tuple[Mark, ...]:
    """The marks that this use of a token leaves. Raises InvalidToken when the token is not the presenter's."""
    if certificate_thumbprint is not None:
        seen = sha256(presented.certificate or b"").digest()
        if presented.certificate is None or not hmac.compare_digest(seen, certificate_thumbprint):
            raise InvalidToken("bound to another certificate")
    if dpop_thumbprint is None:
        if presented.scheme != "bearer":
            raise InvalidToken("not bound to a key")
        return ()
    if presented.scheme != "dpop":
        raise InvalidToken("bound to a key")
    try:
        if presented.proof is None:
            raise InvalidDpopProof("no proof")  # noqa: TRY301  # told as the others are
        proof = dpop.verify(presented.proof, scope.now(), presented.value)
        _require_nonce(scope, proof)
    except InvalidDpopProof as error:
        raise InvalidTokenProof(error) from None
    if not hmac.compare_digest(proof.thumbprint, dpop_thumbprint):
        raise InvalidTokenProof(InvalidDpopProof("another key"))
    return (mark(proof),)


def mark(proof: DpopProof) -> Mark:
    """What a replay of the proof would meet."""
    return Mark("dpop_jti", proof.mark, proof.made_at)


def replayed() -> InvalidTokenProof:
    """The refusal of a proof that was seen before, at a resource."""
    return InvalidTokenProof(InvalidDpopProof("replayed"))


def fresh_nonce(scope: Scope) -> str:
    """A DPoP nonce of this tenant."""
    return nonce.make(scope.now(), scope.entropy(10), partial(scope.vault.derive, "dpop_nonce"))


def _require_nonce(scope: Scope, proof: DpopProof) -> None:
    if proof.nonce is None and not scope.catalogue.policy.require_dpop_nonce:
        return
    try:
        nonce.read(proof.nonce or "", scope.now(), partial(scope.vault.derive, "dpop_nonce"))
    except StaleNonce:
        raise UseDpopNonce(fresh_nonce(scope)) from None

"""Nonce endpoint (OpenID4VCI 1.0, 7)."""

from conformance.http import Answer
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import expect, expect_json, expect_members, expect_no_store
from conformance.wallet import Issuance


async def _nonce(session: Session) -> Answer:
    """The endpoint needs no access token, so none is sent."""
    issuance = Issuance(session, {}, None, await session.issuer(), {}, "", {})
    return await issuance.post_nonce()


@check("nonce-issued")
async def nonce_is_issued(session: Session) -> None:
    """POST without a token: 200, application/json, a c_nonce."""
    answer = await _nonce(session)
    expect_json(answer)
    nonce = answer.member("c_nonce")
    expect(isinstance(nonce, str) and nonce, "a c_nonce", answer)


@check("nonce-no-store")
async def nonce_is_not_stored(session: Session) -> None:
    """Cache-Control of the nonce response."""
    expect_no_store(await _nonce(session))


@check("nonce-members")
async def answer_says_nothing_unknown(session: Session) -> None:
    """c_nonce is the only member."""
    expect_members(await _nonce(session), ("c_nonce",))


@check("nonce-fresh")
async def nonces_cannot_be_guessed(session: Session) -> None:
    """Two nonces differ and are long enough for 128 bits."""
    nonces = [str((await _nonce(session)).member("c_nonce")) for _ in range(2)]
    expect(nonces[0] != nonces[1], "another c_nonce each time", "the same c_nonce twice")
    expect(min(map(len, nonces)) >= 22, "at least 22 characters", f"{min(map(len, nonces))} characters")

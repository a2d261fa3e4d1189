"""Attestation-based client authentication (OpenID4VCI 1.0, appendix E; HAIP 1.0, 4.4.1).

The two forms in use are sent: the one whose JWTs state `iss`, and the later one without.
"""

import base64
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from multidict import CIMultiDict

from conformance.client import ATTESTATION, POP, Client
from conformance.forging import certificate, turned_bit, untrusted_chain
from conformance.http import Answer, https_or_loopback
from conformance.jose import Key
from conformance.registry import check, check_each
from conformance.session import Session, standing
from conformance.verdict import (
    expect,
    expect_client_error,
    expect_error,
    expect_json,
    expect_members,
    expect_no_store,
    skip,
)

CODES = (
    "invalid_client",
    "invalid_request",
    "invalid_client_attestation",
    "use_fresh_attestation",
    "use_attestation_challenge",
)
HOUR = 3600


async def attested(session: Session) -> Client:
    client = await Client.of(session)
    if client.provider is None:
        skip("the target file has no [issuer.provider]")
    return client


async def _headers(client: Client, attestation: dict[str, Any], pop: dict[str, Any]) -> CIMultiDict[str]:
    """Everything honest, but for the changes."""
    headers = await client.headers(client.endpoint("pushed_authorization_request_endpoint"))
    headers[ATTESTATION] = client.attestation(**attestation)
    headers[POP] = client.pop(**{"challenge": await client.attestation_challenge(), **pop})
    return headers


async def _pushed(client: Client, attestation: dict[str, Any], pop: dict[str, Any]) -> Answer:
    return await client.push(await _headers(client, attestation, pop))


def _moved(session: Session, changes: dict[str, Any]) -> dict[str, Any]:
    moved = {n: session.now() + v for n, v in changes.items() if n in {"exp", "iat", "nbf"} and isinstance(v, int)}
    return {**changes, **moved}


ACCEPTED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "accepted": ("An honest attestation with its proof of possession.", {}, {}),
    "with-iss": ("iss in both, as draft 07 has it.", {"iss": "https://provider.example"}, {}),
    "without-iss": ("iss in neither, as later drafts have it.", {"iss": None}, {"iss": None}),
    "without-iat": ("An attestation without iat.", {"iat": None}, {}),
    "extra-claims": ("Claims nobody defined in both.", {"undefined": 1}, {"undefined": 1}),
}


@check_each("attestation", ACCEPTED)
async def attestation_is_taken(session: Session, attestation: dict[str, Any], pop: dict[str, Any]) -> None:
    answer = await _pushed(await attested(session), attestation, pop)
    expect(answer.status == 201, "HTTP 201", answer)


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "typ": ("typ JWT.", {"header": {"typ": "JWT"}}),
    "sub-missing": ("No sub.", {"sub": None}),
    "sub-other": ("sub of another client than client_id.", {"sub": "https://nobody.example"}),
    "exp-missing": ("No exp.", {"exp": None}),
    "exp-past": ("exp ten minutes ago.", {"exp": -600}),
    "nbf-future": ("nbf an hour ahead.", {"nbf": HOUR}),
    "cnf-missing": ("No cnf.", {"cnf": None}),
    "cnf-empty": ("cnf without jwk.", {"cnf": {}}),
    "cnf-other-key": ("cnf of another key than that of the proof of possession.", {"cnf": {"jwk": Key().jwk}}),
    "cnf-private": ("A private key in cnf.", {"cnf": {"jwk": Key().private_jwk}}),
    "algorithm-none": ("alg none in the header.", {"header": {"alg": "none"}}),
    "chain-missing": ("Neither x5c nor anything else that names the signer.", {"header": {"x5c": None}, "iss": None}),
    "signed-by-another": ("Signed by another key than that of x5c.", {"by": Key()}),
}


@check_each("attestation", REFUSED)
async def attestation_is_refused(session: Session, changes: dict[str, Any]) -> None:
    expect_client_error(await _pushed(await attested(session), _moved(session, changes), {}), *CODES)


POPS: dict[str, tuple[str, dict[str, Any]]] = {
    "typ": ("typ JWT.", {"header": {"typ": "JWT"}}),
    "audience": ("aud of another server.", {"aud": "https://other.example"}),
    "audience-missing": ("No aud.", {"aud": None}),
    "iss-other": ("iss of another client.", {"iss": "https://nobody.example"}),
    "jti-missing": ("No jti.", {"jti": None}),
    "iat-missing": ("No iat.", {"iat": None}),
    "iat-past": ("iat an hour ago.", {"iat": -HOUR}),
    "iat-future": ("iat an hour ahead.", {"iat": HOUR}),
    "exp-past": ("exp ten minutes ago.", {"exp": -600}),
    "algorithm-none": ("alg none in the header.", {"header": {"alg": "none"}}),
    "signed-by-another": ("Signed by another key than cnf.jwk.", {"by": Key()}),
    "challenge-made-up": ("A challenge that nobody issued.", {"challenge": "made-up"}),
}


@check_each("attestation-pop", POPS)
async def proof_of_possession_is_refused(session: Session, changes: dict[str, Any]) -> None:
    expect_client_error(await _pushed(await attested(session), {}, _moved(session, changes)), *CODES)


@check("attestation-pop-audience-endpoint")
async def audience_is_the_issuer_alone(session: Session) -> None:
    """aud of the endpoint instead of the server's identifier."""
    client = await attested(session)
    url = client.endpoint("pushed_authorization_request_endpoint")
    expect_client_error(await _pushed(client, {}, {"aud": url}), *CODES)


@check("attestation-pop-replay")
async def proof_of_possession_is_used_once(session: Session) -> None:
    """The same proof of possession a second time, with a new DPoP proof."""
    client = await attested(session)
    headers = await _headers(client, {}, {})
    standing(await client.push(headers), "request_uri")
    headers["DPoP"] = client.dpop(client.endpoint("pushed_authorization_request_endpoint"))
    expect_client_error(await client.push(headers), *CODES)


@check("attestation-signature")
async def attestation_signature_is_checked(session: Session) -> None:
    """One bit of the attestation's signature turned."""
    client = await attested(session)
    headers = await _headers(client, {}, {})
    headers[ATTESTATION] = turned_bit(headers[ATTESTATION])
    expect_client_error(await client.push(headers), *CODES)


@check("attestation-pop-signature")
async def proof_signature_is_checked(session: Session) -> None:
    """One bit of the proof of possession's signature turned."""
    client = await attested(session)
    headers = await _headers(client, {}, {})
    headers[POP] = turned_bit(headers[POP])
    expect_client_error(await client.push(headers), *CODES)


@check("attestation-untrusted")
async def provider_is_trusted(session: Session) -> None:
    """A provider whose root nobody configured."""
    key, chain = untrusted_chain()
    answer = await _pushed(await attested(session), {"by": key, "header": {"x5c": chain}}, {})
    expect_client_error(answer, *CODES)


@check("attestation-self-signed")
async def provider_certificate_is_not_self_signed(session: Session) -> None:
    """A self-signed provider certificate."""
    key = Key()
    der = certificate("Provider", key, None, key).public_bytes(Encoding.DER)
    changes = {"by": key, "header": {"x5c": [base64.b64encode(der).decode()]}}
    expect_client_error(await _pushed(await attested(session), changes, {}), *CODES)


@check("attestation-missing")
async def attestation_is_required(session: Session) -> None:
    """A push without attestation."""
    client = await attested(session)
    client.provider = None
    expect_client_error(await client.push(), *CODES, "unauthorized_client")


@check("attestation-pop-missing")
async def proof_of_possession_is_required(session: Session) -> None:
    """An attestation without its proof of possession."""
    client = await attested(session)
    headers = await _headers(client, {}, {})
    del headers[POP]
    expect_client_error(await client.push(headers), *CODES)


@check("attestation-pop-alone")
async def proof_needs_its_attestation(session: Session) -> None:
    """A proof of possession without attestation."""
    client = await attested(session)
    headers = await _headers(client, {}, {})
    del headers[ATTESTATION]
    expect_client_error(await client.push(headers), *CODES)


@check("attestation-two-headers")
async def attestation_is_one(session: Session) -> None:
    """Two attestation headers, both good."""
    client = await attested(session)
    headers = await _headers(client, {}, {})
    headers.add(ATTESTATION, client.attestation())
    expect_client_error(await client.push(headers), *CODES)


@check("attestation-missing-at-token")
async def token_request_is_attested(session: Session) -> None:
    """A code of an attested wallet, redeemed with DPoP and PKCE but without attestation."""
    client = await attested(session)
    code = await client.code()
    provider, client.provider = client.provider, None
    answer = await client.redeem(code)
    client.provider = provider
    expect_client_error(answer, *CODES, "invalid_grant")


@check("attestation-missing-at-refresh")
async def refresh_is_attested(session: Session) -> None:
    """A refresh without attestation."""
    client = await attested(session)
    token = await client.refreshable()
    client.provider = None
    expect_client_error(await client.refresh(token), *CODES, "invalid_grant")


@check("attestation-token-instance")
async def code_is_the_instances(session: Session) -> None:
    """A code redeemed by another instance of the same wallet."""
    client = await attested(session)
    code = await client.code()
    client.instance = Key()
    expect_client_error(await client.redeem(code), *CODES, "invalid_grant")


@check("attestation-refresh-instance")
async def refresh_token_is_the_instances(session: Session) -> None:
    """A refresh token used by another instance of the same wallet."""
    client = await attested(session)
    token = await client.refreshable()
    client.instance = Key()
    expect_client_error(await client.refresh(token), *CODES, "invalid_grant")


@check("attestation-token-signature")
async def token_request_checks_the_attestation(session: Session) -> None:
    """One bit of the attestation's signature turned, at the token endpoint."""
    client = await attested(session)
    code = await client.code()
    headers = await client.headers(client.endpoint("token_endpoint"))
    headers[ATTESTATION] = turned_bit(headers[ATTESTATION])
    expect_client_error(await client.redeem(code, headers), *CODES)


@check("attestation-token-pop-replay")
async def proof_is_not_used_at_two_endpoints(session: Session) -> None:
    """The proof of possession of the push, used again at the token endpoint."""
    client = await attested(session)
    headers = await _headers(client, {}, {})
    uri = standing(await client.push(headers), "request_uri")["request_uri"]
    code = await client.code(link=client.pushed_link(uri))
    again = await client.headers(client.endpoint("token_endpoint"))
    again[ATTESTATION], again[POP] = headers[ATTESTATION], headers[POP]
    expect_client_error(await client.redeem(code, again), *CODES)


# The challenge


async def _challenge(session: Session) -> Answer:
    return await session.http.post((await attested(session)).endpoint("challenge_endpoint"))


@check("challenge-issued")
async def challenge_is_issued(session: Session) -> None:
    """POST: 200, application/json, attestation_challenge."""
    answer = await _challenge(session)
    expect_json(answer)
    expect(isinstance(answer.member("attestation_challenge"), str), "an attestation_challenge", answer)


@check("challenge-no-store")
async def challenge_is_not_stored(session: Session) -> None:
    """Cache-Control of the challenge response."""
    expect_no_store(await _challenge(session))


@check("challenge-members")
async def challenge_says_nothing_unknown(session: Session) -> None:
    """attestation_challenge and nothing else."""
    expect_members(await _challenge(session), ("attestation_challenge",))


@check("challenge-fresh")
async def challenges_cannot_be_guessed(session: Session) -> None:
    """Two challenges differ and are long enough for 128 bits."""
    found = [str((await _challenge(session)).member("attestation_challenge")) for _ in range(2)]
    expect(found[0] != found[1], "another challenge each time", "the same twice")
    expect(min(map(len, found)) >= 22, "at least 22 characters", min(map(len, found)))


@check("challenge-endpoint")
async def challenge_endpoint_is_https(session: Session) -> None:
    """challenge_endpoint, an https URL."""
    url = (await attested(session)).endpoint("challenge_endpoint")
    expect(https_or_loopback(url), "an https URL", url)


@check("challenge-code")
async def stale_challenge_is_named(session: Session) -> None:
    """A challenge nobody issued: use_attestation_challenge, with a new one in OAuth-Client-Attestation-Challenge."""
    client = await attested(session)
    client.endpoint("challenge_endpoint")
    answer = await _pushed(client, {}, {"challenge": "made-up"})
    expect_error(answer, "use_attestation_challenge")
    fresh = answer.headers.get("OAuth-Client-Attestation-Challenge")
    expect(fresh, "OAuth-Client-Attestation-Challenge", "none")
    again = await _pushed(client, {}, {"challenge": fresh})
    expect(again.status == 201, "HTTP 201 with the challenge that was given", again)

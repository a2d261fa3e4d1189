"""Bugs inside: steps of ours that look away while their check is planted, and do their work otherwise."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from inspect import iscoroutinefunction
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

from protocols.encoding import parse_json_object
from protocols.jose import jws, jwt
from protocols.jose.jwk import algorithm, from_certificate
from protocols.openid4vp import response
from protocols.ports import TrustedKey

PLANTED: ContextVar[str | None] = ContextVar("planted", default=None)
"""The check whose weakness a request meets."""
Step = Callable[..., Any]


def looks_away(_step: Step, *_: Any, **__: Any) -> None:
    """Nothing is checked."""


def any_type(step: Step, token: str, typ: Any) -> Any:
    """Whatever `typ` says."""
    opened = jws.parse(token)
    return jwt.OpenedJwt(opened.header, parse_json_object(opened.payload), opened)


def any_audience(step: Step, plugin: Any, opened: Any, holder: Any, expected: Any) -> None:
    """The audience that the proof names."""
    step(plugin, opened, holder, replace(expected, audience=opened.content.claims.get("aud")))


def any_nonce(step: Step, sd_jwt: Any, claims: Mapping[str, Any], audience: str, _nonce: str, *more: Any) -> None:
    """The nonce that the KB-JWT names."""
    step(sd_jwt, claims, audience, claims.get("nonce"), *more)


def any_verifier(step: Step, sd_jwt: Any, claims: Mapping[str, Any], _audience: str, nonce: str, *more: Any) -> None:
    """The audience that the KB-JWT names."""
    step(sd_jwt, claims, claims.get("aud"), nonce, *more)


def any_disclosures(step: Step, _sd_jwt: Any, claims: Mapping[str, Any], audience: str, nonce: str, *_: Any) -> None:
    """No look at sd_hash."""
    assert (claims.get("aud"), claims.get("nonce")) == (audience, nonce)


def any_leaf(step: Step, _plugin: Any, reference: Any, *_: Any) -> Any:
    """The certificate's key, whoever certified it."""

    async def believed() -> TrustedKey:
        jwk = from_certificate(reference.value[0])
        return TrustedKey(jwk, algorithm(jwk))

    return believed()


def every_disclosure(_step: Step, sd_jwt: Any) -> dict[str, Any]:
    """What is disclosed counts, referred to or not."""
    claims = {name: value for name, value in sd_jwt.payload.items() if name not in ("_sd", "_sd_alg")}
    return claims | {one.name: one.value for one in sd_jwt.disclosures}


def spends_nothing(step: Step, *arguments: Any) -> list[Any]:
    """The nonce is read and not spent."""
    step(*arguments)
    return []


def in_clear(_step: Step, _scope: Any, _request: Any, posted: Any) -> Any:
    """What is posted is taken as it comes."""
    return response.in_clear(posted)


def no_more_members(step: Step, found: Mapping[str, Any], *, encrypted: bool) -> Any:
    """Registered claims are a mistake."""
    if "iss" in found:
        raise response.InvalidResponse("iss")
    return step(found, encrypted=encrypted)


def any_state(_step: Step, _scope: Any, _request: Any, posted: Any) -> Any:
    """No look at state."""
    return response.in_clear(posted)


_PROOF = "plugins.key_proofs.jwt."
_BINDING = "protocols.sd_jwt.key_binding."
_FORMAT = "plugins.credential_formats.dc_sd_jwt."
_RECEIVE = "agent.operations.verifying.receive_response."
WEAKNESSES: Mapping[str, tuple[str, Step]] = {
    "proof-typ": ("protocols.jose.jwt.open_jwt", any_type),
    "proof-audience": (f"{_PROOF}JwtKeyProof.verify", any_audience),
    "proof-audience-missing": (f"{_PROOF}JwtKeyProof.verify", any_audience),
    "proof-iat-missing": ("protocols.jose.jwt.require_times", looks_away),
    "proof-signature": ("protocols.jose.jws.verify", looks_away),
    "proof-other-key": ("protocols.jose.jws.verify", looks_away),
    "proof-nonce-reused": ("agent.operations.issuing.issue_credential._nonces", spends_nothing),
    "response-nonce": (f"{_BINDING}_require_session", any_nonce),
    "response-nonce-of-another-request": (f"{_BINDING}_require_session", any_nonce),
    "response-audience": (f"{_BINDING}_require_session", any_verifier),
    "response-audience-unprefixed": (f"{_BINDING}_require_session", any_verifier),
    "response-sd-hash": (f"{_BINDING}_require_session", any_disclosures),
    "response-sd-hash-missing": (f"{_BINDING}_require_session", any_disclosures),
    "response-kb-signature": ("protocols.jose.jws.verify", looks_away),
    "response-kb-other-key": ("protocols.jose.jws.verify", looks_away),
    "response-kb-missing": (f"{_FORMAT}DcSdJwt.verify_binding", looks_away),
    "response-kb-typ": ("protocols.jose.jwt.open_jwt", any_type),
    "response-kb-iat-past": ("protocols.jose.jwt.require_times", looks_away),
    "response-kb-iat-future": ("protocols.jose.jwt.require_times", looks_away),
    "response-issuer-signature": ("protocols.jose.jws.verify", looks_away),
    "response-issuer-unknown": ("plugins.trust_resolvers.x5c.X5cTrust.resolve", any_leaf),
    "response-issuer-chain-grafted": ("protocols.jose.jws.verify", looks_away),
    "response-claim-missing": ("agent.operations.verifying.verify_presentations.require_match", looks_away),
    "response-disclosure-forged": ("protocols.sd_jwt.restore", every_disclosure),
    "jwe-payload-members": ("protocols.openid4vp.response._response", no_more_members),
    "response-state": (f"{_RECEIVE}_open", any_state),
    "response-plain-for-encrypted": (f"{_RECEIVE}_open", in_clear),
}


@contextmanager
def weakened() -> Iterator[None]:
    """Every step of the table looks away where its check is planted, while this lasts."""
    patches = []
    for place in {place for place, _ in WEAKNESSES.values()}:
        weak = {check: instead for check, (where, instead) in WEAKNESSES.items() if where == place}
        patches.append(patch(place, _switch(_resolve(place), weak)))
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def _resolve(place: str) -> Step:
    found: Step = resolve_name(place)
    return found


def _switch(step: Step, weak: Mapping[str, Step]) -> Step:
    if iscoroutinefunction(step):

        @wraps(step)
        async def waits(*arguments: Any, **options: Any) -> Any:
            instead = weak.get(PLANTED.get() or "")
            return await (instead(step, *arguments, **options) if instead else step(*arguments, **options))

        return waits

    @wraps(step)
    def switched(*arguments: Any, **options: Any) -> Any:
        instead = weak.get(PLANTED.get() or "")
        return instead(step, *arguments, **options) if instead else step(*arguments, **options)

    return switched

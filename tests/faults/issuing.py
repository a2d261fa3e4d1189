"""A bug for each check of an authorization server."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

from conformance.checks import authorization_code, par
from tests.faults.between import page_instead, takes, when
from tests.faults.front import (
    Answered,
    Asked,
    Bug,
    Forward,
    accepts,
    always,
    error,
    header,
    member,
    refuses,
    repeats,
    same,
    status,
)
from tests.faults.issuer import CREDENTIALS, TOKEN

PUSHED = {"request_uri": "urn:ietf:params:oauth:request_uri:taken", "expires_in": 60}


def refreshing(asked: Asked) -> bool:
    return asked.form.get("grant_type") == "refresh_token"


def spent(asked: Asked) -> str:
    """The code or refresh token of a token request."""
    return asked.form.get("refresh_token", "") + asked.form.get("code", "")


def told(change: Callable[[dict[str, str]], dict[str, str]]) -> Bug:
    """The parameters of the authorization response, changed."""

    def changed(answer: Answered) -> Answered:
        if answer.status != 303:
            return answer
        base, _, query = answer.headers["Location"].partition("?")
        return answer.with_header("Location", f"{base}?{urlencode(change(dict(parse_qsl(query))), quote_via=quote)}")

    return always(changed)


def without(*names: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda given: {name: value for name, value in given.items() if name not in names}


def text(change: Callable[[str], str]) -> Bug:
    """The page, changed."""
    return always(lambda answer: replace(answer, body=change(answer.body.decode()).encode()))


async def once(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """A link that is used up by being looked at."""
    if asked.target in memory:
        return Answered(400, {"Content-Type": "text/html"}, b"<p>invalid_request_uri</p>")
    memory[asked.target] = True
    return await forward(asked)


async def everybodys(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """A page that does not ask whose browser it is."""
    answer = await forward(asked)
    return memory.setdefault(asked.target, answer) if answer.status < 400 else memory.get(asked.target, answer)


async def believes_the_query(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """The state beside the request_uri goes back."""
    outside = parse_qs(asked.target.partition("?")[2]).get("state")
    if outside:
        memory["state"] = outside[0]
    answer = await forward(asked)
    if not asked.target.endswith("/decision"):
        return answer
    return await told(lambda given: {**given, "state": memory["state"]})(asked, lambda _: _given(answer), memory)


async def _given(answer: Answered) -> Answered:
    return answer


async def burns_the_code(asked: Asked, forward: Forward, memory: dict[str, Any]) -> Answered:
    """One wrong verifier ends the code."""
    if spent(asked) in memory:
        refused: Answered = memory[spent(asked)]
        return refused
    answer = await forward(asked)
    if not answer.good:
        memory[spent(asked)] = answer
    return answer


async def keeps_the_refresh_token(asked: Asked, forward: Forward, _memory: dict[str, Any]) -> Answered:
    answer = await forward(asked)
    if not refreshing(asked) or not answer.good:
        return answer
    return answer.with_json({**answer.json, "refresh_token": asked.form["refresh_token"]})


AUTHORIZING: Mapping[str, tuple[str, Bug]] = {
    # Pushed requests
    "par-created": ("par", status(200)),
    "par-lifetime": ("par", member("expires_in", 86_400)),
    "par-no-store": ("par", header("Cache-Control", None)),
    "par-members": ("par", member("state", "x")),
    "par-entropy": ("par", same("request_uri")),
    "par-unknown-parameter": ("par", refuses(when=lambda asked: "undefined_parameter" in asked.form)),
    "par-scope-unknown-beside": (
        "par",
        refuses("invalid_scope", lambda asked: "undefined-scope" in asked.form.get("scope", "")),
    ),
    "par-details": ("par", refuses(when=lambda asked: "authorization_details" in asked.form)),
    **{
        f"par-{name}": ("par", accepts(PUSHED, 201))
        for name in (
            *par.REFUSED,
            *("get", "json", "twice", "redirect-uri-unregistered", "client-unknown", "client-missing"),
        )
    },
    # The pages
    "authorize-page": ("page", text(lambda page: page.replace("<form", "<div"))),
    "authorize-page-not-framed": (
        "page",
        always(lambda answer: answer.with_header("Content-Security-Policy", None).with_header("X-Frame-Options", None)),
    ),
    "authorize-page-no-store": ("page", header("Cache-Control", "private")),
    "authorize-no-referrer": ("page", header("Referrer-Policy", "unsafe-url")),
    "authorize-wrong-password": ("sign-in", status(303)),
    "authorize-form-token": ("sign-in", page_instead()),
    "authorize-other-browser": ("page", everybodys),
    # The link
    "authorize-request-uri-again": ("authorize", page_instead()),
    "authorize-request-uri-reloaded": ("authorize", once),
    "authorize-request-uri-of-another-client": ("authorize", page_instead()),
    "authorize-request-uri-unknown": ("authorize", page_instead()),
    "authorize-client-missing": ("authorize", page_instead()),
    "authorize-open-redirector": ("authorize", page_instead()),
    "authorize-outside-parameters": ("browser", believes_the_query),
    "authorize-offered": ("credential", refuses("credential_request_denied")),
    # The answer
    "authorize-answered": ("decision", told(without("code"))),
    "authorize-iss": ("decision", told(without("iss"))),
    "authorize-state": ("decision", told(lambda given: {**given, "state": given["state"][:64]})),
    "authorize-no-state": ("decision", told(lambda given: {**given, "state": ""})),
    "authorize-members": ("decision", told(lambda given: {**given, "session_state": "x"})),
    "authorize-code-entropy": ("decision", told(lambda given: {**given, "code": given["code"][:12]})),
    "authorize-answer-no-store": ("decision", header("Cache-Control", None)),
    "authorize-answer-redirect": ("decision", status(307)),
    "authorize-deny": ("decision", told(without("state"))),
    # The code
    "code-redeemed": ("token", member("token_type", "N_A")),
    "code-no-store": ("token", header("Cache-Control", None)),
    "code-members": ("token", member("c_nonce", "leftover")),
    "code-credential": ("credential", refuses("credential_request_denied")),
    "code-single-use": ("token", repeats(spent)),
    "code-replay-ends-token": ("token", takes(spent)),
    "code-kept-on-refusal": ("token", burns_the_code),
    **{
        f"code-{name}": ("token", accepts(TOKEN))
        for name in (
            *authorization_code.REFUSED,
            *("verifier-challenge", "of-another-client", "client-missing", "missing", "get", "twice-in-form"),
        )
    },
    "code-unknown": ("token", error("invalid_request")),
    "code-verifier-missing": ("token", error("invalid_request")),
    "code-unknown-parameter": ("token", refuses(when=lambda asked: "undefined_parameter" in asked.form)),
    "code-scope-granted": ("token", member("scope", "pid undefined-scope")),
    "code-details": ("token", member("authorization_details")),
    "code-details-credential": (
        "credential",
        refuses("unknown_credential_identifier", lambda asked: "credential_identifier" in asked.json),
    ),
    "code-details-identifier-unknown": ("credential", error("invalid_credential_request")),
    "code-details-configuration": ("credential", accepts(CREDENTIALS)),
    "code-scope-configuration-unknown": ("credential", accepts(CREDENTIALS)),
    "code-token-other-scheme": (
        "credential",
        refuses("invalid_token", lambda asked: bool(re.match("bEARER|dPoP", asked.headers["Authorization"]))),
    ),
    # The refresh token
    "refresh-token": ("token", when(refreshing, member("access_token"))),
    "refresh-no-store": ("token", when(refreshing, header("Cache-Control", None))),
    "refresh-announced": (
        "server-metadata",
        member("grant_types_supported", lambda given: [one for one in given if one != "refresh_token"]),
    ),
    "refresh-credential": ("token", when(refreshing, member("access_token", "a" * 43))),
    "refresh-bound-or-rotated": ("token", keeps_the_refresh_token),
    "refresh-spent": ("token", repeats(spent)),
    "refresh-family": ("token", takes(spent)),
    "refresh-family-access": ("token", takes(spent)),
    "refresh-of-another-client": ("token", accepts(TOKEN)),
    "refresh-unknown": ("token", accepts(TOKEN)),
    "refresh-missing": ("token", accepts(TOKEN)),
    "refresh-access-token": ("token", accepts(TOKEN)),
    "refresh-scope-more": ("token", accepts(TOKEN)),
    "refresh-details": (
        "token",
        when(refreshing, member("authorization_details", lambda given: [{**given[0], "credential_identifiers": []}])),
    ),
    "refresh-other-key": ("token", accepts(TOKEN)),
}

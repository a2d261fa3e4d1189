"""A bug for each check of DPoP and of client authentication."""

from collections.abc import Mapping

from conformance.checks import client_assertion, client_attestation, dpop
from tests.faults.between import takes, when
from tests.faults.front import Bug, accepts, header, member, refuses, repeats
from tests.faults.issuer import CREDENTIALS, TOKEN
from tests.faults.issuing import PUSHED, refreshing, told, without

_POP = "OAuth-Client-Attestation-PoP"
_GIVES, _TAKES = ("credential", accepts(CREDENTIALS)), ("token", accepts(TOKEN))
_PUSHES = ("par", accepts(PUSHED, 201))

PROTECTING: Mapping[str, tuple[str, Bug]] = {
    # DPoP at the credential endpoint
    **{f"dpop-{name}": _GIVES for name in dpop.REFUSED},
    **{
        f"dpop-{name}": _GIVES
        for name in (
            *("alg-none", "alg-symmetric", "alg-rs256", "signature", "private-key", "other-key", "signed-by-another"),
            *("missing", "bearer", "bearer-with-proof", "two-headers", "malformed"),
        )
    },
    **{
        f"dpop-accepts-{name}": ("credential", refuses("invalid_dpop_proof"))
        for name in (*dpop.ACCEPTED, *dpop.SPELLED)
    },
    "dpop-replay": ("credential", repeats(lambda asked: asked.headers["DPoP"])),
    "dpop-nonce-made-up": ("credential", header("DPoP-Nonce", None)),
    "dpop-challenge": ("credential", header("WWW-Authenticate", "Bearer")),
    "dpop-notification": ("notification", accepts(None, 204)),
    # DPoP at the authorization server
    "dpop-announced": ("server-metadata", member("dpop_signing_alg_values_supported", ["ES256", "HS256"])),
    "dpop-token-type": ("token", member("token_type", "Bearer")),
    **{f"dpop-token-{name}": _TAKES for name in (*dpop.AT_TOKEN, "signature", "private-key", "two-headers", "replay")},
    **{f"dpop-{name}": _TAKES for name in ("code-bound", "code-bound-missing", "jkt-other-key")},
    "dpop-jkt": ("token", refuses("invalid_dpop_proof")),
    **{f"dpop-{name}": _PUSHES for name in ("jkt-mismatch", "par-bad")},
    # private_key_jwt
    "assertion-accepted": ("token", refuses("invalid_client")),
    "assertion-announced": ("server-metadata", member("token_endpoint_auth_methods_supported", ["none"])),
    **{
        f"assertion-{name}": _PUSHES
        for name in (
            *client_assertion.REFUSED,
            *("audience-token-endpoint", "signature", "other-key", "missing", "type", "of-another-client"),
        )
    },
    "assertion-replay": ("par", repeats(lambda asked: asked.form["client_assertion"])),
    "assertion-missing-at-token": _TAKES,
    # Client attestation
    **{f"attestation-{name}": ("par", refuses("invalid_client")) for name in client_attestation.ACCEPTED},
    **{f"attestation-{name}": _PUSHES for name in client_attestation.REFUSED},
    **{f"attestation-pop-{name}": _PUSHES for name in client_attestation.POPS},
    **{
        f"attestation-{name}": _PUSHES
        for name in (
            *("pop-audience-endpoint", "signature", "pop-signature", "untrusted", "self-signed", "missing"),
            *("pop-missing", "pop-alone", "two-headers"),
        )
    },
    "attestation-pop-replay": ("par", repeats(lambda asked: asked.headers.get(_POP, ""))),
    **{
        f"attestation-{name}": _TAKES
        for name in ("missing-at-token", "token-instance", "token-signature", "token-pop-replay")
    },
    **{
        f"attestation-{name}": ("token", when(refreshing, accepts(TOKEN)))
        for name in ("missing-at-refresh", "refresh-instance")
    },
    # What HAIP takes over from FAPI
    "fapi-refresh-again": ("token", when(refreshing, takes(lambda asked: asked.form["refresh_token"]))),
    "fapi-password-grant": _TAKES,
    "fapi-clock-ahead": ("par", refuses("invalid_client")),
    "fapi-clock-too-far-ahead": _PUSHES,
    "fapi-redirect-uri-plain-http": _PUSHES,
    "haip-redirect-uri-query": ("decision", told(without("dummy2"))),
    "fapi-authorize-no-cors": ("authorize", header("Access-Control-Allow-Origin", "*")),
    "challenge-issued": ("challenge", member("attestation_challenge")),
    "challenge-no-store": ("challenge", header("Cache-Control", "no-cache")),
    "challenge-members": ("challenge", member("expires_in", 60)),
    "challenge-fresh": ("challenge", member("attestation_challenge", "always-the-same-of-some-length")),
    "challenge-endpoint": ("server-metadata", member("challenge_endpoint", "http://issuer.example/challenge")),
    "challenge-code": ("par", header("OAuth-Client-Attestation-Challenge", None)),
}

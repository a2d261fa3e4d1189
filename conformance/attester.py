"""Somebody who says of a verifier under test who it is (Verifier Attestation JWT, OpenID4VP 1.0, 12)."""

import time
from urllib.parse import parse_qs, urlsplit

from conformance.http import Http
from conformance.jose import Key, Unreadable, open_jws
from conformance.x509 import chain_of, jwk_of_leaf

DAYS = 30


async def attest(http: Http, link: str, client: str) -> str:
    """For the key that signed the request of this link: an attestation that it is the client's. Nobody has to trust it.

    Raises Unreadable when the link leads to no request that is signed under `x5c`."""
    named = parse_qs(urlsplit(link).query).get("request_uri", [""])[0]
    if not named:
        raise Unreadable("the link has no request_uri")
    request = open_jws((await http.get(named)).text().strip())
    now = int(time.time())
    claims = {
        "iss": "https://attester.example",
        "sub": client,
        "iat": now,
        "exp": now + DAYS * 86400,
        "cnf": {"jwk": jwk_of_leaf(chain_of(request.header))},
    }
    return Key().jws({"typ": "verifier-attestation+jwt"}, claims)

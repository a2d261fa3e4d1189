"""The load of HAIP: a wallet that is attested, uses DPoP, and sends a person to sign in and approve."""

import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from agent.cli.load import Exhausted, FlowFailed, Flows, raw_signature, signed
from protocols import haip, x509
from protocols.encoding import b64url
from protocols.jose.jwk import from_public_key

CLIENT, REDIRECT = "https://wallet.example", "https://wallet.example/cb"
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class _SignedIn:
    """Where one consents, as whom, and the verifier of the request that it is for."""

    url: str
    cookie: str
    verifier: str


@dataclass(slots=True)
class AttestedFlows:
    """Complete flows of authorization code against one tenant. `prepare` first: it turns HAIP on for good."""

    flows: Flows
    provider: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    instance: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    chain: list[str] = field(default_factory=list)
    issuer: str = ""
    people: list[tuple[str, str]] = field(default_factory=list)
    signed_in: list[_SignedIn] = field(default_factory=list)

    async def prepare(self, people: int) -> None:
        """A trusted wallet provider, accounts enough that no two flows share one, and the profile."""
        root = self._chain()
        await self.flows.admin("/trust-anchors", {"certificate": root, "roles": ["attest_wallet"]})
        made = await self.flows.admin("/credential-offers", {"credential_configuration_ids": ["pid"]})
        link = parse_qs(urlsplit(made["credential_offer_uri"]).query)["credential_offer_uri"][0]
        self.issuer = link.partition("/credential-offers/")[0]
        claims = {"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12"}
        for number in range(people):
            email, password = f"{number}-{secrets.token_hex(4)}@example.org", secrets.token_urlsafe(12)
            await self.flows.admin("/users", {"email": email, "password": password, "claims": claims})
            self.people.append((email, password))
        await self.flows.admin("/issuer", {"profiles": [haip.PROFILE]}, "PATCH")

    def _chain(self) -> str:
        """The provider's certificate into `chain`; its CA as PEM."""
        authority, now = _key(), datetime.now(UTC).replace(microsecond=0)
        times = {"not_before": now - timedelta(hours=1), "not_after": now + timedelta(days=1)}
        made: dict[str, Any] = {"algorithm": "ES256", "serial": secrets.token_bytes(16), **times}
        root = x509.prepare_ca({"common_name": "load"}, from_public_key(authority.public_key()), **made)
        root_der = x509.seal(root, raw_signature(authority, root.payload))
        public = from_public_key(self.provider.public_key())
        leaf = x509.prepare_leaf({"common_name": "provider"}, public, issuer=root_der, dns=("wallet.example",), **made)
        self.chain = x509.render_chain([x509.seal(leaf, raw_signature(authority, leaf.payload))])
        return x509.render_pem(root_der)

    async def sign_in(self) -> None:
        """PAR, the sign-in page, a password; who has signed in waits in `signed_in`."""
        verifier = secrets.token_urlsafe(48)
        challenge = b64url(hashlib.sha256(verifier.encode()).digest())
        request = {"response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": "pid"}
        request |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        pushed = await self._post("/par", request)
        person = self.people.pop()
        url, cookie = await self._enter(pushed["request_uri"], *person)
        self.people.append(person)
        self.signed_in.append(_SignedIn(url, cookie, verifier))

    async def issuance(self) -> str:
        """Consent, token, nonce, credential, for one who has signed in: HAIP 1.0, 4. Raises Exhausted without one."""
        if not self.signed_in:
            raise Exhausted()
        one = self.signed_in.pop()
        text, _ = await self._go("GET", one.url, one.cookie)
        consent = {"csrf": _csrf(text), "decision": "approve"}
        answer, _ = await self._go("POST", f"{one.url}/decision", one.cookie, consent)
        code = parse_qs(urlsplit(answer).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        form["code_verifier"] = one.verifier
        token = await self._post("/token", {"client_id": CLIENT, **form})
        return await self.flows.credential(self.issuer, token["access_token"], self.instance)

    async def _post(self, path: str, form: dict[str, str]) -> Any:
        url, now = f"{self.issuer}{path}", int(time.time())
        confirmation = {"jwk": from_public_key(self.instance.public_key())}
        attested = {"iss": "https://provider.example", "sub": CLIENT, "exp": now + 300, "cnf": confirmation}
        header = {"typ": "oauth-client-attestation+jwt", "x5c": self.chain}
        pop = {"iss": CLIENT, "aud": self.issuer, "jti": secrets.token_hex(8), "iat": now}
        headers = {
            "OAuth-Client-Attestation": signed(self.provider, header, attested),
            "OAuth-Client-Attestation-PoP": signed(self.instance, {"typ": "oauth-client-attestation-pop+jwt"}, pop),
            "DPoP": self.flows.dpop(self.instance, url),
        }
        return await self.flows.json("POST", url, data=form, headers=headers)

    async def _enter(self, request_uri: str, email: str, password: str) -> tuple[str, str]:
        """A person's way through the pages, to the consent: its page's address, and the cookie."""
        query = urlencode({"client_id": CLIENT, "request_uri": request_uri})
        url, cookie = await self._go("GET", f"{self.issuer}/authorize?{query}", "")
        text, _ = await self._go("GET", url, cookie)
        form = {"csrf": _csrf(text), "username": email, "password": password}
        _, cookie = await self._go("POST", f"{url}/sign-in", cookie, form)
        return url, cookie

    async def _go(self, method: str, url: str, cookie: str, form: dict[str, str] | None = None) -> tuple[str, str]:
        """(where it leads, or the page; the cookie) of one step in a browser."""
        headers = {"Cookie": cookie} if cookie else {}
        async with self.flows.session.request(method, url, data=form, headers=headers, allow_redirects=False) as answer:
            if answer.status not in (200, 303):
                raise FlowFailed(f"{method} {urlsplit(url).path}: {answer.status}")
            given = "; ".join(f"{name}={morsel.value}" for name, morsel in answer.cookies.items())
            return answer.headers.get("Location") or await answer.text(), given or cookie


def _csrf(page: str) -> str:
    found = _CSRF.search(page)
    if found is None:
        raise FlowFailed("a page without its form")
    return found[1]

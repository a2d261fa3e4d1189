"""A wallet's way through the authorization code flow, every step open to change, and a browser with a person in it."""

import hashlib
import html
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.wallets import Answer, HolderKey, Wallet, b64

PASSWORD = "correct horse battery"
ERIKA = {"given_name": "Erika", "family_name": "Mustermann", "birthdate": "1964-08-12"}
REDIRECT = "https://wallet.example/cb"


def dpop(key: HolderKey, method: str, url: str, token: str | None = None, **changes: Any) -> str:
    """A DPoP proof; `header` replaces members of the header, anything else claims; None leaves out."""
    header = {"typ": "dpop+jwt", "jwk": key.jwk} | changes.pop("header", {})
    claims = {"jti": secrets.token_hex(8), "htm": method, "htu": url, "iat": int(time.time())}
    if token is not None:
        claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
    claims |= changes
    return key.jwt(
        {name: value for name, value in header.items() if value is not None},
        {name: value for name, value in claims.items() if value is not None},
    )


class WalletProvider:
    """Attests wallets and keys, under a certificate authority of its own."""

    def __init__(self) -> None:
        self.authority, self.key = ec.generate_private_key(ec.SECP256R1()), HolderKey()
        root = _certificate("Provider CA", "Provider CA", self.authority.public_key(), self.authority, True)
        leaf = _certificate("Provider", "Provider CA", self.key.private.public_key(), self.authority, False)
        self.pem = root.public_bytes(serialization.Encoding.PEM).decode()
        self.x5c = [_base64(leaf.public_bytes(serialization.Encoding.DER))]

    def sign(self, kind: str, claims: dict[str, Any], **header: Any) -> str:
        members = {"typ": kind, "x5c": self.x5c} | header
        return self.key.jwt({name: value for name, value in members.items() if value is not None}, claims)

    def attest(self, client_id: str, instance: HolderKey, **changes: Any) -> str:
        """A client attestation."""
        now = int(time.time())
        header = changes.pop("header", {})
        claims = {"iss": "https://provider.example", "sub": client_id, "exp": now + 300, "cnf": {"jwk": instance.jwk}}
        claims |= changes
        present = {name: value for name, value in claims.items() if value is not None}
        return self.sign("oauth-client-attestation+jwt", present, **header)


def _base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


def _certificate(subject: str, issuer: str, key: Any, signer: Any, ca: bool) -> x509.Certificate:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=300))
        .add_extension(x509.BasicConstraints(ca, 0 if ca else None), critical=True)
        .add_extension(x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    return builder.sign(signer, hashes.SHA256())


def self_signed(name: str, key: HolderKey) -> bytes:
    """A certificate (DER) that a key signed for itself."""
    made = _certificate(name, name, key.private.public_key(), key.private, False)
    return made.public_bytes(serialization.Encoding.DER)


@dataclass(slots=True)
class Client:
    """An OAuth client at one issuer: public, attested when `provider` is set, with a DPoP key when `key` is."""

    wallet: Wallet
    issuer: str
    client_id: str = "wallet"
    redirect_uri: str = REDIRECT
    provider: WalletProvider | None = None
    instance: HolderKey = field(default_factory=HolderKey)
    key: HolderKey | None = None
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        return b64(hashlib.sha256(self.verifier.encode()).digest())

    def pop(self, **changes: Any) -> str:
        claims = {"aud": self.issuer, "jti": secrets.token_hex(8), "iat": int(time.time()), "iss": self.client_id}
        header = {"typ": "oauth-client-attestation-pop+jwt"} | changes.pop("header", {})
        key = changes.pop("key", self.instance)
        return key.jwt(header, {name: one for name, one in (claims | changes).items() if one is not None})

    def headers(self, method: str, url: str) -> dict[str, str]:
        """Client attestation and DPoP proof, as far as this client has them."""
        headers = {}
        if self.provider:
            headers["OAuth-Client-Attestation"] = self.provider.attest(self.client_id, self.instance)
            headers["OAuth-Client-Attestation-PoP"] = self.pop()
        if self.key:
            headers["DPoP"] = dpop(self.key, method, url)
        return headers

    def parameters(self, **changes: Any) -> dict[str, str]:
        found = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "pid",
            "state": "the state",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        } | changes
        return {name: value for name, value in found.items() if value is not None}

    async def push(self, headers: dict[str, str] | None = None, **changes: Any) -> Answer:
        url = f"{self.issuer}/par"
        headers = self.headers("POST", url) if headers is None else headers
        return await self.wallet.send("POST", url, data=self.parameters(**changes), headers=headers)

    async def token(self, headers: dict[str, str] | None = None, **form: Any) -> Answer:
        url = f"{self.issuer}/token"
        headers = self.headers("POST", url) if headers is None else headers
        form = {"client_id": self.client_id} | form
        return await self.wallet.send(
            "POST", url, data={name: value for name, value in form.items() if value is not None}, headers=headers
        )

    async def redeem(self, code: str, headers: dict[str, str] | None = None, **changes: Any) -> Answer:
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": self.verifier}
        return await self.token(headers, **({"redirect_uri": self.redirect_uri} | form | changes))

    async def refresh(self, token: str, headers: dict[str, str] | None = None, **changes: Any) -> Answer:
        return await self.token(headers, **({"grant_type": "refresh_token", "refresh_token": token} | changes))

    async def authorize(self, decision: str = "approve", **changes: Any) -> dict[str, str]:
        """Push, sign in, decide: the parameters of the redirect."""
        pushed = await self.push(**changes)
        assert pushed.status == 201, pushed
        person = Person(self.wallet.session, self.issuer)
        return await person.answer(self.client_id, pushed.body["request_uri"], decision)

    async def obtain(self, **changes: Any) -> Answer:
        """The token response of a whole flow."""
        answer = await self.authorize(**changes)
        return await self.redeem(answer["code"])

    async def credential(self, token: str, headers: dict[str, str] | None = None, **body: Any) -> Answer:
        """One credential with one proof."""
        url = f"{self.issuer}/credential"
        body = body or {"credential_configuration_id": "pid"}
        proof = self.wallet.proof(self.issuer, await self.wallet.nonce(self.issuer))
        if headers is None:
            headers = {"Authorization": f"{'DPoP' if self.key else 'Bearer'} {token}"}
            if self.key:
                headers["DPoP"] = dpop(self.key, "POST", url, token)
        return await self.wallet.send("POST", url, json={"proofs": {"jwt": [proof]}} | body, headers=headers)


@dataclass(slots=True)
class Person:
    """A browser and who sits before it. Keeps cookies, follows redirects by hand, fills in forms."""

    session: aiohttp.ClientSession
    issuer: str
    email: str = "erika@example.org"
    password: str = PASSWORD
    cookies: dict[str, str] = field(default_factory=dict)

    async def go(self, method: str, url: str, **form: str) -> tuple[int, dict[str, str], str]:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": jar} if jar else {}
        arguments: dict[str, Any] = {"data": form} if form else {}
        async with self.session.request(method, url, headers=headers, allow_redirects=False, **arguments) as answer:
            for name, morsel in answer.cookies.items():
                self.cookies[name] = morsel.value
            return answer.status, dict(answer.headers), await answer.text()

    async def begin(self, **parameters: str) -> tuple[int, str, str]:
        """Open /authorize and follow to the sign-in page: (status, its URL, its HTML)."""
        status, headers, text = await self.go("GET", f"{self.issuer}/authorize?{urlencode(parameters)}")
        if status != 303:
            return status, "", text
        url = headers["Location"]
        status, _, text = await self.go("GET", url)
        return status, url, text

    async def sign_in(self, url: str, page: str) -> tuple[int, dict[str, str], str]:
        return await self.go("POST", f"{url}/sign-in", csrf=csrf_of(page), username=self.email, password=self.password)

    async def visit(self, url: str) -> str:
        """Open an authorization request as a wallet hands it over, sign in, approve: where the browser came out."""
        _, headers, text = await self.go("GET", url)
        assert "Location" in headers, text
        url = headers["Location"]
        _, _, page = await self.go("GET", url)
        self.email, self.password = (
            (_filled(page, "username") or self.email),
            (_filled(page, "password") or self.password),
        )
        status, _, text = await self.sign_in(url, page)
        assert status == 303, text
        _, _, page = await self.go("GET", url)
        _, headers, text = await self.go("POST", f"{url}/decision", csrf=csrf_of(page), decision="approve")
        assert "Location" in headers, text
        return headers["Location"]

    async def answer(self, client_id: str, request_uri: str, decision: str = "approve") -> dict[str, str]:
        """The whole way: the parameters that the wallet is answered with."""
        _, url, page = await self.begin(client_id=client_id, request_uri=request_uri)
        status, _, text = await self.sign_in(url, page)
        assert status == 303, text
        _, _, page = await self.go("GET", url)
        status, headers, text = await self.go("POST", f"{url}/decision", csrf=csrf_of(page), decision=decision)
        assert status == 303, text
        return answer_of(headers["Location"])


def _filled(page: str, name: str) -> str | None:
    """What a page filled in already, as the demonstration's does."""
    found = re.search(rf'name="{name}"[^>]* value="([^"]+)"', page)
    return html.unescape(found[1]) if found else None


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found[1]


def answer_of(location: str) -> dict[str, str]:
    """The parameters of an authorization response."""
    return dict(parse_qsl(urlsplit(location).query))


def details(*configurations: str) -> str:
    return json.dumps([{"type": "openid_credential", "credential_configuration_id": one} for one in configurations])

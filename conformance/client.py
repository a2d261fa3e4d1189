"""An OAuth client at the target's authorization server, honest by default: every part can be built and changed.

RFC 6749, RFC 7636, RFC 9126, RFC 9207, RFC 9449, and attestation-based client authentication.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from multidict import CIMultiDict

from conformance.browser import Browser, parameters_of
from conformance.http import Answer
from conformance.issuing import KnownClient, ProviderFiles
from conformance.jose import Key, b64u, read_object, seal
from conformance.offering import offered_state
from conformance.session import Session, standing
from conformance.verdict import Blocked, skip
from conformance.x509 import anchors_of, der

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ATTESTATION, POP = "OAuth-Client-Attestation", "OAuth-Client-Attestation-PoP"


def present(members: Mapping[str, Any]) -> dict[str, Any]:
    """Without the members that are None."""
    return {name: value for name, value in members.items() if value is not None}


def proof(key: Key, method: str, url: str, token: str | None = None, **changes: Any) -> str:
    """A DPoP proof; `header` changes members of the header, `by` is who signs, anything else changes claims."""
    header = {"typ": "dpop+jwt", "jwk": key.jwk} | changes.pop("header", {})
    signer: Key = changes.pop("by", key)
    claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url, "iat": changes.pop("now")}
    if token is not None:
        claims["ath"] = b64u(hashlib.sha256(token.encode()).digest())
    return seal(present({"alg": "ES256", **header}), present(claims | changes), signer.sign)


@dataclass(frozen=True, slots=True)
class Provider:
    """Attests wallets and keys with the key that the server was told to trust."""

    key: Key
    chain: tuple[str, ...]
    client_id: str
    issuer: str | None

    @classmethod
    def of(cls, session: Session) -> Self:
        files: ProviderFiles | None = session.target.issuing.provider
        if files is None:
            skip("the target file has no [issuer.provider]")
        private = load_pem_private_key(_file(files.key), None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise Blocked("[issuer.provider] key is not an EC key")
        chain = anchors_of(_file(files.chain))
        encoded = tuple(base64.b64encode(der(one)).decode() for one in chain)
        return cls(Key(private), encoded, files.client_id, files.issuer)

    def sign(self, typ: str, claims: Mapping[str, Any], **changes: Any) -> str:
        header = {"typ": typ, "x5c": list(self.chain)} | changes.pop("header", {})
        signer: Key = changes.pop("by", self.key)
        return signer.jws(present(header), present({**claims, **changes}))

    def attest(self, client_id: str, instance: Key, now: int, **changes: Any) -> str:
        """A client attestation."""
        claims = {"sub": client_id, "iat": now, "exp": now + 300, "cnf": {"jwk": instance.jwk}}
        claims |= {"iss": self.issuer} if self.issuer else {}
        return self.sign("oauth-client-attestation+jwt", claims, **changes)

    def attest_keys(self, keys: Sequence[Key], nonce: str | None, now: int, /, **changes: Any) -> str:
        """A key attestation (OpenID4VCI 1.0, appendix D.1)."""
        claims = {"iat": now, "exp": now + 300, "attested_keys": [one.jwk for one in keys], "nonce": nonce}
        levels = {"key_storage": ["iso_18045_high"], "user_authentication": ["iso_18045_high"]}
        return self.sign("key-attestation+jwt", {**claims, **levels}, **changes)


@dataclass(slots=True)
class Client:
    """`provider` attests it, `secret` signs its assertions, `key` is its DPoP key; each as far as it has one."""

    session: Session
    server: dict[str, Any]
    client_id: str
    redirect_uri: str
    scope: str | None
    configuration_id: str
    provider: Provider | None = None
    secret: Key | None = None
    key: Key | None = None
    instance: Key = field(default_factory=Key)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @classmethod
    async def of(cls, session: Session, *, dpop: bool | None = None) -> Self:
        """The target's own client: attested where there is a provider."""
        issuing = session.target.issuing
        provider = Provider.of(session) if issuing.provider else None
        client_id = provider.client_id if provider else session.target.client_id
        if client_id is None:
            skip("the target file has neither client_id nor [issuer.provider]")
        made = await cls._known(session, KnownClient(client_id, issuing.redirect_uri))
        made.provider = provider
        if dpop is None:
            dpop = issuing.dpop or provider is not None
        made.key = Key() if dpop else None
        return made

    @classmethod
    async def other(cls, session: Session, **options: Any) -> Self:
        """Another client: the second one of the target file, or another instance's attestation for another client."""
        issuing = session.target.issuing
        if issuing.provider:
            made = await cls.of(session, **options)
            made.client_id = f"{made.client_id}/another"
            return made
        if issuing.other_client is None:
            skip("the target file has no [issuer.other_client]")
        return await cls._known(session, issuing.other_client)

    @classmethod
    async def keyed(cls, session: Session) -> Self:
        """The client of the target file that authenticates by private_key_jwt."""
        known = session.target.issuing.key_client
        if known is None or known.key is None:
            skip("the target file has no [issuer.key_client] with a key")
        made = await cls._known(session, known)
        made.secret = Key.from_jwk(read_object(_file(known.key)))
        return made

    @classmethod
    async def _known(cls, session: Session, known: KnownClient) -> Self:
        server, configuration = await session.server(), await session.configuration()
        scope = configuration.get("scope")
        return cls(session, server, known.client_id, known.redirect_uri, scope, await session.configuration_id())

    def require_registration(self) -> None:
        """Skips the check where the server takes clients that it does not know, whatever they say of themselves."""
        if self.session.target.issuing.unregistered_clients and not self.provider:
            skip("the target file says that clients need no registration")

    @property
    def issuer(self) -> str:
        return str(self.server["issuer"])

    @property
    def challenge(self) -> str:
        return b64u(hashlib.sha256(self.verifier.encode()).digest())

    def endpoint(self, name: str) -> str:
        if name not in self.server:
            skip(f"the authorization server has no {name}")
        return str(self.server[name])

    # What goes into a request

    def dpop(self, url: str, token: str | None = None, method: str = "POST", **changes: Any) -> str:
        assert self.key
        return proof(self.key, method, url, token, **{"now": self.session.now()} | changes)

    def attestation(self, **changes: Any) -> str:
        assert self.provider
        return self.provider.attest(self.client_id, self.instance, self.session.now(), **changes)

    def pop(self, **changes: Any) -> str:
        """A proof of possession of the instance's key."""
        claims = {
            "iss": self.client_id,
            "aud": self.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": self.session.now(),
        }
        header = {"typ": "oauth-client-attestation-pop+jwt"} | changes.pop("header", {})
        signer: Key = changes.pop("by", self.instance)
        return signer.jws(present(header), present(claims | changes))

    async def attestation_challenge(self) -> str | None:
        if "challenge_endpoint" not in self.server:
            return None
        answer = await self.session.http.post(self.server["challenge_endpoint"])
        return str(standing(answer, "attestation_challenge")["attestation_challenge"])

    def assertion(self, **changes: Any) -> dict[str, Any]:
        """A client assertion (RFC 7523)."""
        assert self.secret
        now = self.session.now()
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.issuer, "iat": now, "exp": now + 60}
        claims |= {"jti": secrets.token_urlsafe(16)}
        header = changes.pop("header", {})
        signer: Key = changes.pop("by", self.secret)
        return {"client_assertion": signer.jws(header, present(claims | changes)), "client_assertion_type": ASSERTION}

    async def headers(self, url: str, **dpop: Any) -> CIMultiDict[str]:
        """Client attestation and DPoP proof, as far as this client has them."""
        made: CIMultiDict[str] = CIMultiDict()
        if self.provider:
            made[ATTESTATION] = self.attestation()
            made[POP] = self.pop(challenge=await self.attestation_challenge())
        if self.key:
            made["DPoP"] = self.dpop(url, **dpop)
        return made

    async def send(self, url: str, form: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        """POST a form; a server's own DPoP nonce is taken up unless a check brings its own headers."""
        form = present({**form, **(self.assertion() if self.secret and "client_assertion" not in form else {})})
        if headers is not None:
            return await self._post(url, form, headers)
        answer = await self._post(url, form, await self.headers(url))
        if self.key and answer.member("error") == "use_dpop_nonce":
            answer = await self._post(url, form, await self.headers(url, nonce=answer.headers.get("DPoP-Nonce")))
        return answer

    async def _post(self, url: str, form: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        answer = await self.session.http.post(url, form=form, headers=headers)
        for name in ("access_token", "refresh_token", "request_uri"):
            self.session.mask.learn(answer.member(name))
        return answer

    # The steps

    def parameters(self, **changes: Any) -> dict[str, str]:
        found: dict[str, Any] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": secrets.token_urlsafe(16),
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            "scope": self.scope,
        }
        if self.scope is None:
            found["authorization_details"] = details(self.configuration_id)
        return present(found | changes)

    async def asked(self, **changes: Any) -> dict[str, str]:
        """The parameters, with the issuer_state of a new offer where the server wants one."""
        if self.session.target.issuing.only_offered and "issuer_state" not in changes:
            changes["issuer_state"] = await offered_state(self.session)
        return self.parameters(**changes)

    async def push(self, headers: Mapping[str, str] | None = None, **changes: Any) -> Answer:
        url = self.endpoint("pushed_authorization_request_endpoint")
        return await self.send(url, await self.asked(**changes), headers)

    async def link(self, **changes: Any) -> str:
        """The URL that the wallet opens in a browser: by PAR where there is PAR."""
        if "pushed_authorization_request_endpoint" not in self.server:
            return f"{self.endpoint('authorization_endpoint')}?{urlencode(await self.asked(**changes))}"
        return self.pushed_link(standing(await self.push(**changes), "request_uri")["request_uri"])

    def pushed_link(self, request_uri: str, **more: str) -> str:
        query = urlencode({"client_id": self.client_id, "request_uri": request_uri, **more})
        return f"{self.endpoint('authorization_endpoint')}?{query}"

    def browser(self) -> Browser:
        return Browser.of(self.session, self.redirect_uri)

    async def answered(self, decision: str = "approve", link: str | None = None, **changes: Any) -> Answer:
        """The authorization response, as the redirect that carries it; anything else is blocked."""
        self.endpoint("authorization_endpoint")
        browser = self.browser()
        button = browser.sign_in.approve if decision == "approve" else browser.sign_in.deny
        answer = await browser.decide(await browser.open(link or await self.link(**changes)), button)
        if not browser.landed(answer):
            raise Blocked(f"no authorization response: {answer.method} {answer.status}")
        return answer

    async def code(self, **changes: Any) -> str:
        found = parameters_of(await self.answered(**changes))
        if "code" not in found:
            raise Blocked(f"no code: {found.get('error')}")
        self.session.mask.learn(found["code"])
        return found["code"]

    def code_form(self, code: str | None, **changes: Any) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri}
        return present({**form, "code_verifier": self.verifier, "client_id": self.client_id, **changes})

    async def redeem(self, code: str | None, headers: Mapping[str, str] | None = None, **changes: Any) -> Answer:
        return await self.send(self.endpoint("token_endpoint"), self.code_form(code, **changes), headers)

    async def refresh(self, token: str | None, headers: Mapping[str, str] | None = None, **changes: Any) -> Answer:
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": self.client_id, **changes}
        return await self.send(self.endpoint("token_endpoint"), present(form), headers)

    async def token(self, **changes: Any) -> dict[str, Any]:
        """The token response of a whole flow."""
        return standing(await self.redeem(await self.code(**changes)), "access_token", "token_type")

    async def refreshable(self, **changes: Any) -> str:
        token = await self.token(**changes)
        if "refresh_token" not in token:
            skip("the server gives no refresh tokens")
        return str(token["refresh_token"])


def _file(path: str) -> bytes:
    """A file that the target names, and that somebody has to have made."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Blocked(f"{path}: {error.strerror}") from error


def details(*configurations: str, **more: Any) -> str:
    """authorization_details (OpenID4VCI 1.0, 5.1.1)."""
    named = [{"type": "openid_credential", "credential_configuration_id": one, **more} for one in configurations]
    return json.dumps(named)

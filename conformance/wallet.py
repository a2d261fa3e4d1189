"""The wallet's side of an issuance, step by step (OpenID4VCI 1.0, pre-authorized code).

Every step first builds what an honest wallet would send and hands it out; a check changes what it wants changed and sends
that. There is no switch for misbehaviour: what is sent is what the check wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from conformance.client import Client
from conformance.http import Answer
from conformance.jose import Key
from conformance.offering import OfferUri, credential_offer, offer_uri
from conformance.session import Session, standing
from conformance.verdict import Blocked, skip

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


def changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with members replaced or added; None takes a member away."""
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


@dataclass(slots=True)
class Issuance:
    """One offer on its way to a credential."""

    session: Session
    offer: dict[str, Any]
    tx_code: str | None
    issuer: dict[str, Any]
    server: dict[str, Any]
    configuration_id: str
    configuration: dict[str, Any]
    key: Key = field(default_factory=Key)
    token: dict[str, Any] = field(default_factory=dict)
    client: Client | None = None

    @classmethod
    async def begin(cls, session: Session, kind: str = "offer") -> Self:
        """Take an offer and read both metadata documents; nothing is redeemed yet."""
        return await cls.taken(session, await offer_uri(session, kind))

    @classmethod
    async def taken(cls, session: Session, uri: OfferUri) -> Self:
        """The same for an offer that is there."""
        offer = await credential_offer(session, uri)
        issuer, server = await session.issuer(), await session.server()
        name, configuration = await session.configuration_id(), await session.configuration()
        made = cls(session, offer, uri.tx_code, issuer, server, name, configuration)
        if session.target.issuing.provider or session.target.issuing.dpop:
            made.client = await Client.of(session)
        return made

    @classmethod
    async def by_code(cls, session: Session, client: Client | None = None, **parameters: Any) -> Self:
        """Up to the access token, by authorization code and without an offer."""
        client = client or await Client.of(session)
        issuer, server = await session.issuer(), await session.server()
        name, configuration = await session.configuration_id(), await session.configuration()
        token = await client.token(**parameters)
        return cls(session, {}, None, issuer, server, name, configuration, token=token, client=client)

    @classmethod
    async def authorized(cls, session: Session, kind: str = "offer") -> Self:
        """Up to the access token, by the grant of the target file."""
        if kind == "offer" and session.target.issuing.grant == "authorization_code":
            return await cls.by_code(session)
        issuance = await cls.begin(session, kind)
        await issuance.authorize()
        return issuance

    # Token (section 6)

    def token_form(self, **changes: str | None) -> dict[str, str]:
        grant = self.offer.get("grants", {}).get(PRE_AUTHORIZED)
        if not isinstance(grant, dict) or "pre-authorized_code" not in grant:
            raise Blocked("the offer has no pre-authorized code")
        code = grant["pre-authorized_code"]
        self.session.mask.learn(code)
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code}
        form |= {"tx_code": self.tx_code} if self.tx_code is not None and "tx_code" in grant else {}
        client_id = self.client.client_id if self.client else self.session.target.client_id
        form |= {"client_id": client_id} if client_id else {}
        return changed(form, changes)

    async def post_token(self, form: Mapping[str, str]) -> Answer:
        if self.client:
            return await self.client.send(self.server["token_endpoint"], form)
        answer = await self.session.http.post(self.server["token_endpoint"], form=form)
        self.session.mask.learn(answer.member("access_token"))
        return answer

    async def authorize(self) -> None:
        self.token = standing(await self.post_token(self.token_form()), "access_token", "token_type")

    def authorization(self, url: str | None = None, token: str | None = None, **changes: Any) -> dict[str, str]:
        """The token as it belongs at a resource, the credential endpoint unless another is named; `changes`: its proof."""
        kind, value = str(self.token["token_type"]), token or str(self.token["access_token"])
        headers = {"Authorization": f"{kind} {value}"}
        if kind.lower() == "dpop" and self.client and self.client.key:
            url = url or str(self.issuer["credential_endpoint"])
            headers["DPoP"] = self.client.dpop(url, value, **changes)
        return headers

    async def ask(self, url: str, headers: Mapping[str, str] | None = None, **body: Any) -> Answer:
        """POST to a resource; a server's own DPoP nonce is taken up unless a check brings its own headers."""
        if headers is not None:
            return await self.session.http.call("POST", url, headers=headers, **body)
        more = body.pop("more", {})
        answer = await self.session.http.call("POST", url, headers={**self.authorization(url), **more}, **body)
        nonce = answer.headers.get("DPoP-Nonce")
        if answer.status in {400, 401} and nonce and answer.member("error") == "use_dpop_nonce":
            again = {**self.authorization(url, nonce=nonce), **more}
            answer = await self.session.http.call("POST", url, headers=again, **body)
        return answer

    # Nonce (section 7)

    async def post_nonce(self) -> Answer:
        if "nonce_endpoint" not in self.issuer:
            skip("the issuer has no nonce_endpoint")
        return await self.session.http.post(self.issuer["nonce_endpoint"])

    async def nonce(self) -> str | None:
        if "nonce_endpoint" not in self.issuer:
            return None
        return str(standing(await self.post_nonce(), "c_nonce")["c_nonce"])

    # Key proof (Appendix F.1)

    def proof_header(self, **changes: Any) -> dict[str, Any]:
        methods = self.configuration.get("cryptographic_binding_methods_supported", ["jwk"])
        by_key = {"jwk": self.key.jwk} if "jwk" in methods else {"kid": f"{self.key.did_jwk}#0"}
        return changed({"typ": "openid4vci-proof+jwt", "alg": "ES256"} | by_key, changes)

    def proof_claims(self, nonce: str | None, /, **changes: Any) -> dict[str, Any]:
        claims = {"aud": self.issuer["credential_issuer"], "iat": self.session.now(), "nonce": nonce}
        client_id = self.client.client_id if self.client else self.session.target.client_id
        return changed(claims, {"iss": client_id} | changes)

    async def proof(self) -> str:
        """An honest proof with a nonce of its own."""
        return self.key.jws(self.proof_header(), self.proof_claims(await self.nonce()))

    # Credential (section 8)

    def credential_request(self, *proofs: str, **changes: Any) -> dict[str, Any]:
        details = self.token.get("authorization_details") or []
        identifiers = [name for entry in details for name in entry.get("credential_identifiers", [])]
        named = {"credential_identifier": identifiers[0]} if identifiers else {}
        named = named or {"credential_configuration_id": self.configuration_id}
        return changed({**named, "proofs": {"jwt": list(proofs)} if proofs else None}, changes)

    async def post_credential(
        self, request: Mapping[str, Any], headers: Mapping[str, str] | None = None, url: str | None = None
    ) -> Answer:
        return await self.ask(url or self.issuer["credential_endpoint"], headers, json=request)

    async def issued(self) -> str:
        """The credential an honest wallet gets."""
        answer = await self.post_credential(self.credential_request(await self.proof()))
        return credential_of(answer)

    # Deferred credential (section 9)

    async def come_back(
        self, transaction_id: object, headers: Mapping[str, str] | None = None, **members: Any
    ) -> Answer:
        if "deferred_credential_endpoint" not in self.issuer:
            skip("the issuer has no deferred_credential_endpoint")
        body = changed({"transaction_id": transaction_id}, members)
        return await self.ask(self.issuer["deferred_credential_endpoint"], headers, json=body)

    # Notification (section 11)

    async def notify(self, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        if "notification_endpoint" not in self.issuer:
            skip("the issuer has no notification_endpoint")
        return await self.ask(self.issuer["notification_endpoint"], headers, json=body)


def credential_of(answer: Answer) -> str:
    credentials = standing(answer, "credentials")["credentials"]
    first = credentials[0] if isinstance(credentials, list) and credentials else None
    if not isinstance(first, dict) or not isinstance(first.get("credential"), str):
        raise Blocked("the credential response holds no credential as a string")
    return str(first["credential"])

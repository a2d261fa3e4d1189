"""A wallet with openid4vci's messages and Authlib's OAuth: one JSON object from standard input, one to standard output.

{"command", "public": https origin, "server": where that is, ...} -> {"ok": true, "result"} or {"ok": false, "error"}
"""

import json
import sys
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import ECKey
from openid4vci.crypto.proofs import JWT_PROOF_TYP, PROOF_REGISTRY
from openid4vci.models.common import GRANT_TYPE_PRE_AUTHORIZED_CODE
from openid4vci.models.credential import CredentialRequest, CredentialResponse
from openid4vci.models.metadata import (
    AuthorizationServerMetadata,
    CredentialIssuerMetadata,
    credential_issuer_metadata_url,
)
from openid4vci.models.nonce import NonceResponse
from openid4vci.models.notification import NotificationRequest
from openid4vci.models.oauth import TokenResponse
from openid4vci.models.offer import CredentialOffer


class Proxy(requests.adapters.HTTPAdapter):
    """Ends TLS: what goes to the public origin arrives at the server."""

    def __init__(self, public: str, server: str) -> None:
        super().__init__()
        self._public, self._server = public, server

    def send(self, request: Any, *more: Any, **options: Any) -> Any:
        request.headers["Host"] = urlsplit(self._public).netloc
        request.url = self._server + request.url.removeprefix(self._public)
        return super().send(request, *more, **options)


class Wallet:
    """One issuance, from the offer to the credential."""

    def __init__(self, public: str, server: str, offer: str) -> None:
        self.http = requests.Session()
        self.proxy = Proxy(public, server)
        self.http.mount(public, self.proxy)
        query = {name: values[0] for name, values in parse_qs(urlsplit(offer).query).items()}
        found = (
            json.loads(query["credential_offer"])
            if "credential_offer" in query
            else self.get(query["credential_offer_uri"])
        )
        self.offer = CredentialOffer.model_validate(found)
        issuer = str(self.offer.credential_issuer)
        self.metadata = CredentialIssuerMetadata.model_validate(self.get(credential_issuer_metadata_url(issuer)))
        parts = urlsplit(issuer)
        self.server = self.get(f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{parts.path}")
        AuthorizationServerMetadata.model_validate(self.server)
        self.key = ECKey.generate_key("P-256")

    def get(self, url: str) -> Any:
        answer = self.http.get(url)
        answer.raise_for_status()
        return answer.json()

    def oauth(self, **options: Any) -> OAuth2Session:
        session = OAuth2Session(token_endpoint_auth_method="none", code_challenge_method="S256", **options)
        session.mount(self.proxy._public, self.proxy)
        return session

    def credential(self, token: dict[str, Any]) -> dict[str, Any]:
        """Prove a key, ask, and say that it arrived."""
        TokenResponse.model_validate(token)
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        nonce = NonceResponse.model_validate(self.http.post(self.metadata.nonce_endpoint).json())
        header = {"alg": "ES256", "typ": JWT_PROOF_TYP, "jwk": self.key.as_dict(private=False)}
        claims = {"aud": str(self.offer.credential_issuer), "iat": int(time.time()), "nonce": nonce.c_nonce}
        proof = jwt.encode(header, claims, self.key, registry=PROOF_REGISTRY)
        granted = token.get("authorization_details")
        named = (
            {"credential_identifier": granted[0]["credential_identifiers"][0]}
            if granted
            else {"credential_configuration_id": self.offer.credential_configuration_ids[0]}
        )
        request = CredentialRequest(proofs={"jwt": [proof]}, **named)
        answer = self.http.post(self.metadata.credential_endpoint, json=request.to_dict(), headers=bearer)
        answer.raise_for_status()
        response = CredentialResponse.model_validate(answer.json())
        notice = NotificationRequest(notification_id=response.notification_id, event="credential_accepted")
        noted = self.http.post(self.metadata.notification_endpoint, json=notice.to_dict(), headers=bearer)
        (issued,) = response.credentials
        return {
            "credential": issued.credential,
            "noted": noted.status_code,
            "token_type": token["token_type"],
            "named": sorted(named),
            "holder": {
                name: value
                for name, value in self.key.as_dict(private=False).items()
                if name in ["kty", "crv", "x", "y"]
            },
        }


def pre_authorized(public: str, server: str, offer: str, tx_code: str | None = None) -> Any:
    wallet = Wallet(public, server, offer)
    grant = wallet.offer.grants.pre_authorized_code
    form = {"grant_type": GRANT_TYPE_PRE_AUTHORIZED_CODE, "pre-authorized_code": grant.pre_authorized_code}
    if grant.tx_code is not None:
        form["tx_code"] = tx_code
    session = wallet.oauth()
    return wallet.credential(dict(session.fetch_token(wallet.server["token_endpoint"], **form)))


def begin(public: str, server: str, offer: str, client_id: str, redirect_uri: str) -> Any:
    """The address for a browser, and what has to be remembered until it comes back."""
    wallet = Wallet(public, server, offer)
    named = [
        {"type": "openid_credential", "credential_configuration_id": one}
        for one in wallet.offer.credential_configuration_ids
    ]
    verifier = "v" * 64
    url, state = wallet.oauth(client_id=client_id, redirect_uri=redirect_uri).create_authorization_url(
        wallet.server["authorization_endpoint"],
        code_verifier=verifier,
        authorization_details=json.dumps(named),
        issuer_state=wallet.offer.grants.authorization_code.issuer_state,
    )
    return {"url": url, "state": {"state": state, "code_verifier": verifier}}


def finish(
    public: str, server: str, offer: str, client_id: str, redirect_uri: str, landed: str, state: dict[str, str]
) -> Any:
    wallet = Wallet(public, server, offer)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(landed).query).items()}
    if answer["iss"] != wallet.server["issuer"]:
        raise ValueError("an answer of another server")
    session = wallet.oauth(client_id=client_id, redirect_uri=redirect_uri, state=state["state"])
    token = session.fetch_token(
        wallet.server["token_endpoint"], authorization_response=landed, code_verifier=state["code_verifier"]
    )
    return wallet.credential(dict(token))


COMMANDS = {"pre-authorized": pre_authorized, "begin": begin, "finish": finish}


def main() -> None:
    asked = json.load(sys.stdin)
    try:
        told = {"ok": True, "result": COMMANDS[asked.pop("command")](**asked)}
    except Exception as error:
        told = {"ok": False, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(told))


main()

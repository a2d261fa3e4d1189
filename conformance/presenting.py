"""The wallet's side of a presentation, step by step (OpenID4VP 1.0): builds what is honest, sends what it is given."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from conformance import sd_jwt
from conformance.holding import Held
from conformance.http import Answer, https_or_loopback
from conformance.jose import CURVES, Jwk, Jws, Unreadable, compact_json, encrypt, open_jws
from conformance.session import Session
from conformance.target import CreationFailed
from conformance.verdict import Blocked, expect, skip
from conformance.wallet import changed

REQUEST_MEDIA_TYPE = "application/oauth-authz-req+jwt"


@dataclass(frozen=True, slots=True)
class RequestUri:
    """What the verifier's door gave: the Authorization Request for the wallet, and its own name for the transaction."""

    uri: str
    id: str | None

    def parameters(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.uri).query, keep_blank_values=True).items()}


async def request_uri(session: Session, response_mode: str | None = None) -> RequestUri:
    target = session.target
    if target.request is None:
        skip("the target file has no [verifier.request]")
    mode = response_mode or target.response_modes[0]
    if mode not in target.response_modes:
        skip(f"the target file does not list response mode {mode}")
    with tempfile.TemporaryDirectory() as folder:
        query_file = Path(folder) / "query.json"
        query_file.write_bytes(compact_json(target.dcql_query))
        values = {"dcql_query": target.dcql_query, "query_file": os.fspath(query_file), "response_mode": mode}
        try:
            fields = await target.request.open(session.http, values)
        except (CreationFailed, Unreadable) as error:
            raise Blocked(f"creating a presentation request ({mode}): {error}") from error
    return RequestUri(str(fields["uri"]), str(fields["id"]) if "id" in fields else None)


async def fetch_request(session: Session, request: RequestUri) -> Answer:
    url = request.parameters().get("request_uri", "")
    if not https_or_loopback(url):
        raise Blocked(f"the authorization request names no usable request_uri: {url!r}")
    return await session.http.get(url, {"Accept": REQUEST_MEDIA_TYPE})


def request_object(answer: Answer) -> Jws:
    """The Request Object, unjudged."""
    if answer.status != 200:
        raise Blocked(str(answer))
    try:
        return open_jws(answer.text().strip())
    except Unreadable as error:
        raise Blocked(f"request object: {error}") from error


@dataclass(slots=True)
class Presentation:
    """One Authorization Request on its way to an answer."""

    session: Session
    request: RequestUri
    answer: Answer
    jws: Jws
    claims: dict[str, Any]

    @classmethod
    async def begin(cls, session: Session, response_mode: str | None = None) -> Self:
        request = await request_uri(session, response_mode)
        answer = await fetch_request(session, request)
        jws = request_object(answer)
        return cls(session, request, answer, jws, jws.claims())

    def query(self) -> dict[str, Any]:
        """The one credential query of the request."""
        try:
            first = self.claims["dcql_query"]["credentials"][0]
            return {"id": first["id"], "claims": first.get("claims", [])}
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise Blocked("the request object carries no DCQL query for a credential") from error

    def disclosed(self, held: Held, without: str | None = None) -> str:
        """The credential with what the query asks for, and nothing else."""
        paths = [entry["path"] for entry in self.query()["claims"]]
        wanted = {path[0] for path in paths} - {without}
        texts = {d.text for d in held.credential.disclosures if d.name is None or d.name in wanted}
        return held.credential.without_binding(frozenset(_reachable(held.credential, texts)))

    def binding_claims(self, **changes: Any) -> dict[str, Any]:
        honest = {"iat": self.session.now(), "aud": self.claims.get("client_id"), "nonce": self.claims.get("nonce")}
        return {**honest, **changes}  # None takes a member away, where the KB-JWT is made

    def presentation(self, held: Held, **changes: Any) -> str:
        """An honest SD-JWT+KB, but for what `changes` says about the KB-JWT's claims."""
        return sd_jwt.bind(self.disclosed(held), held.key, self.binding_claims(**changes))

    def vp_token(self, presentation: str) -> dict[str, list[str]]:
        return {self.query()["id"]: [presentation]}

    def parameters(self, presentation: str, **changes: Any) -> dict[str, Any]:
        """The Authorization Response (section 8.1), before it is encrypted or put in a form."""
        honest = {"vp_token": self.vp_token(presentation), "state": self.claims.get("state")}
        return changed(honest, changes)

    def encryption_key(self) -> Jwk:
        metadata = self.claims.get("client_metadata", {})
        keys = metadata.get("jwks", {}).get("keys", []) if isinstance(metadata, dict) else []
        usable = [k for k in keys if k.get("crv") in CURVES and k.get("use", "enc") == "enc"]
        if not usable:
            raise Blocked("client_metadata.jwks holds no key for ECDH-ES")
        return dict(usable[0])

    def encoding(self) -> str:
        offered = self.claims.get("client_metadata", {}).get("encrypted_response_enc_values_supported")
        return next((e for e in ("A128GCM", "A256GCM") if e in (offered or ["A128GCM"])), "A128GCM")

    def form(self, parameters: Mapping[str, Any]) -> dict[str, str]:
        """The form as the response mode has it (sections 8.2 and 8.3.1)."""
        if self.claims.get("response_mode") == "direct_post.jwt":
            return {"response": encrypt(self.encryption_key(), self.encoding(), compact_json(parameters))}
        return plain_form(parameters)

    async def respond(self, form: Mapping[str, str]) -> Answer:
        url = self.claims.get("response_uri")
        if not https_or_loopback(url):
            raise Blocked(f"no usable response_uri: {url!r}")
        return await self.session.http.post(str(url), form=form)

    async def present(self, held: Held, **changes: Any) -> Answer:
        return await self.respond(self.form(self.parameters(self.presentation(held, **changes))))

    async def state(self) -> str | None:
        """What the verifier says of the transaction, None when the target file gives no way to ask."""
        door = self.session.target.result
        if door is None or self.request.id is None:
            return None
        try:
            return str((await door.open(self.session.http, {"id": self.request.id}))["state"])
        except (CreationFailed, Unreadable) as error:
            raise Blocked(f"asking for the result: {error}") from error

    async def expect_accepted(self, answer: Answer) -> None:
        """Section 8.2: 200 and JSON; and the verifier itself says that it holds."""
        expect(answer.status == 200, "HTTP 200", answer)
        expect(answer.media_type == "application/json", "Content-Type application/json", answer)
        state, accepted = await self.state(), self.session.target.accepted
        expect(state in {None, accepted}, f"the verifier to say {accepted}", state)

    async def expect_refused(self, answer: Answer) -> None:
        """4xx to the wallet, and no verdict of `accepted` afterwards."""
        expect(400 <= answer.status < 500, "a refusal, HTTP 4xx", answer)
        state, accepted = await self.state(), self.session.target.accepted
        expect(state != accepted, f"the verifier not to say {accepted}", state)


def plain_form(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {n: v if isinstance(v, str) else compact_json(v).decode() for n, v in parameters.items()}


def _reachable(credential: sd_jwt.SdJwt, texts: set[str]) -> set[str]:
    """Disclosures whose digests stand in the payload or in another kept disclosure; the rest would be orphans."""
    kept: set[str] = set()
    digests = _digests(credential.payload)
    while True:
        new = {d.text for d in credential.disclosures if d.text in texts - kept and d.digest in digests}
        if not new:
            return kept
        kept |= new
        digests |= {x for d in credential.disclosures if d.text in new for x in _digests(d.value)}


def _digests(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {x for x in [*node.get("_sd", []), node.get("...")] if isinstance(x, str)}
        return own.union(*(_digests(value) for value in node.values()))
    return set().union(*(_digests(value) for value in node)) if isinstance(node, list) else set()

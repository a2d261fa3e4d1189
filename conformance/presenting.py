"""The wallet's side of a presentation, step by step (OpenID4VP 1.0): builds what is honest, sends what it is given."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from conformance import mdoc, sd_jwt
from conformance.http import Answer, https_or_loopback
from conformance.jose import CURVES, Jwk, Jws, Unreadable, compact_json, encrypt, open_jws, read_json, thumbprint
from conformance.minting import Draft, Held
from conformance.session import Session
from conformance.target import CreationFailed, Door
from conformance.verdict import Blocked, expect, skip
from conformance.wallet import changed

IN_JSON = ("dcql_query", "client_metadata", "transaction_data", "verifier_info")
REQUEST_MEDIA_TYPE = "application/oauth-authz-req+jwt"


@dataclass(frozen=True, slots=True)
class RequestUri:
    """What the verifier's door gave: the Authorization Request for the wallet, and its own name for the transaction."""

    uri: str
    id: str | None

    def parameters(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.uri).query, keep_blank_values=True).items()}


async def request_uri(
    session: Session,
    response_mode: str | None = None,
    *,
    variant: str | None = None,
    query: Mapping[str, Any] | None = None,
) -> RequestUri:
    """A request by the target's door: of the plan's mode and the target's query, unless a check wants its own."""
    target = session.target
    if target.request is None:
        skip("the target file has no [verifier.request]")
    mode = response_mode or session.response_mode
    if mode not in target.response_modes:
        skip(f"the target file does not list response mode {mode}")
    return await through(session, varied(session, target.request, variant), mode, query or target.dcql_query)


def varied(session: Session, door: Door, variant: str | None) -> Door:
    """The door with the plan's variants and the check's."""
    for name in (*session.variants, *([variant] if variant else [])):
        if name not in session.target.variants:
            skip(f"the target file has no [verifier.variants.{name}]")
        door = door.varied(session.target.variants[name])
    return door


async def through(session: Session, door: Door, mode: str, query: Mapping[str, Any]) -> RequestUri:
    with tempfile.TemporaryDirectory() as folder:
        query_file = Path(folder) / "query.json"
        query_file.write_bytes(compact_json(query))
        values = {"dcql_query": query, "query_file": os.fspath(query_file), "response_mode": mode}
        try:
            fields = await door.open(session.http, values)
        except (CreationFailed, Unreadable) as error:
            raise Blocked(f"creating a presentation request ({mode}): {error}") from error
    return RequestUri(str(fields.get("uri", "")), str(fields["id"]) if "id" in fields else None)


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
    async def begin(
        cls,
        session: Session,
        response_mode: str | None = None,
        *,
        variant: str | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Self:
        """Up to the Request Object. Skips when the door does not take the check's query."""
        request = await request_uri(session, response_mode, variant=variant, query=query)
        if "request_uri" not in request.parameters() and "response_uri" in request.parameters():
            return cls.unsigned(session, request)
        answer = await fetch_request(session, request)
        jws = request_object(answer)
        claims = jws.claims()
        if query is not None and claims.get("dcql_query") != query:
            skip("the target's door does not take a query of the suite's")
        return cls(session, request, answer, jws, claims)

    @classmethod
    def unsigned(cls, session: Session, request: RequestUri) -> Self:
        """A request whose parameters stand in the link (section 5.1): objects there are JSON text."""
        given: dict[str, Any] = dict(request.parameters())
        try:
            given |= {name: read_json(given[name]) for name in IN_JSON if name in given}
        except Unreadable as error:
            raise Blocked(f"the authorization request: {error}") from error
        answer = Answer("GET", request.uri, 200, {}, b"")
        return cls(session, request, answer, Jws({}, compact_json(given), b"", b""), given)

    def query(self) -> dict[str, Any]:
        """The one credential query of the request."""
        try:
            first = self.claims["dcql_query"]["credentials"][0]
            return {"id": first["id"], "claims": first.get("claims", [])}
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise Blocked("the request object carries no DCQL query for a credential") from error

    def wanted(self) -> frozenset[str]:
        """The top-level claims of the first credential query."""
        return frozenset(entry["path"][0] for entry in self.query()["claims"])

    def disclosed(self, held: Held, without: str | None = None) -> str:
        """The credential with what the query asks for, and nothing else."""
        wanted = self.wanted() - {without}
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

    def thumbprint(self) -> bytes | None:
        """Of the key that the response is encrypted to, as an mdoc's session has it (B.2.6.1)."""
        encrypted = str(self.claims.get("response_mode")).endswith(".jwt")
        return thumbprint(self.encryption_key()) if encrypted else None

    def transcript(self, **changes: Any) -> bytes:
        """The SessionTranscript of this request; `changes` are arguments of `mdoc.redirect_transcript`."""
        named = {name: str(self.claims.get(name)) for name in ("client_id", "nonce", "response_uri")}
        return mdoc.redirect_transcript(**{**named, "thumbprint": self.thumbprint(), **changes})

    def response_uri(self) -> str:
        url = self.claims.get("response_uri")
        if not https_or_loopback(url):
            raise Blocked(f"no usable response_uri: {url!r}")
        return str(url)

    async def respond(self, form: Mapping[str, str]) -> Answer:
        return await self.session.http.post(self.response_uri(), form=form)

    async def respond_raw(self, body: bytes, media_type: str = "application/x-www-form-urlencoded") -> Answer:
        """These very bytes."""
        headers = {"Content-Type": media_type}
        return await self.session.http.call("POST", self.response_uri(), data=body, headers=headers)

    async def answer_with(self, presentation: str, **changes: Any) -> Answer:
        """This presentation in an honest response, but for what `changes` says about its parameters."""
        return await self.respond(self.form(self.parameters(presentation, **changes)))

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
        expect(state is None or state in accepted, f"the verifier to say {' or '.join(accepted)}", state)

    async def expect_refused(self, answer: Answer) -> None:
        """4xx to the wallet, and no verdict of `accepted` afterwards."""
        expect(400 <= answer.status < 500, "a refusal, HTTP 4xx", answer)
        state, accepted = await self.state(), self.session.target.accepted
        expect(state not in accepted, f"the verifier not to say {state}", state)


async def show(session: Session, draft: Draft, mode: str | None = None, **begin: Any) -> tuple[Presentation, Answer]:
    """A credential of the suite's own making, shown as an honest wallet does."""
    presentation = await Presentation.begin(session, mode, **begin)
    token = draft.token(presentation.wanted())
    shown = sd_jwt.bind(token, draft.holder, presentation.binding_claims())
    return presentation, await presentation.answer_with(shown)


async def refused(session: Session, draft: Draft, **begin: Any) -> None:
    presentation, answer = await show(session, draft, **begin)
    await presentation.expect_refused(answer)


async def accepted(session: Session, draft: Draft, **begin: Any) -> None:
    presentation, answer = await show(session, draft, **begin)
    await presentation.expect_accepted(answer)


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

"""Targets: the TOML file that says where an implementation is and how to make it start something.

What the protocols define is found by the protocols. Only what they leave open is here: who mints an offer, who starts
a presentation, who knows its result.
"""

import asyncio
import json
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from conformance import issuing
from conformance.http import Answer, Http
from conformance.issuing import Issuing
from conformance.jose import read_object

OFFERS = (
    "offer",
    "offer_by_value",
    "offer_with_tx_code",
    "offer_by_code",
    "offer_deferred",
    "offer_mdoc",
    "offer_typed",
)
FIELDS = ("uri", "id", "tx_code", "state", "data", "short")
TABLES = frozenset(
    {"name", "tls_authorities", "issuer", "verifier", "didcomm", "credential", "mdoc", "hosting", "trust"}
)
VERIFIER = frozenset({"request", "result", "return", "digital", "variants", "accepted", "response_modes", "dcql_query"})
_SECRET = re.compile(r"\{(env|file):([^}]+)\}")


class BadTarget(Exception):
    """A target file that cannot be used; the message says where."""


class CreationFailed(Exception):
    """The implementation's own door (not the protocol's) did not do what the target file says it does."""


@dataclass(frozen=True, slots=True)
class Door:
    """One way into the implementation: a command that prints JSON, or an HTTP call that answers JSON."""

    command: tuple[str, ...] = ()
    method: str = "POST"
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    fields: Mapping[str, str] = field(default_factory=dict)

    async def open(self, http: Http, values: Mapping[str, Any]) -> dict[str, Any]:
        """Go through with these placeholder values; the fields of the answer, if any, by our names for them."""
        text = await (self._run(values) if self.command else self._call(http, values))
        if not self.fields:
            return {}
        answer = read_object(text, "what the target's own door answered")
        return {name: dotted(answer, path) for name, path in self.fields.items()}

    def varied(self, variant: "Variant") -> "Door":
        """The same door with more words for its command, or more members in its body."""
        body = {**self.body, **variant.body} if isinstance(self.body, dict) else self.body
        return replace(self, command=(*self.command, *variant.arguments) if self.command else (), body=body)

    async def raw(self, http: Http) -> bytes:
        return await (self._run({}) if self.command else self._call(http, {}))

    async def _run(self, values: Mapping[str, Any]) -> bytes:
        arguments = [fill(argument, values) for argument in self.command]
        try:
            process = await asyncio.create_subprocess_exec(
                *map(str, arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
        except OSError as error:
            raise CreationFailed(f"{arguments[0]}: {error.strerror}") from error
        output, complaint = await asyncio.wait_for(process.communicate(), 60)
        if process.returncode and not output.strip():  # a verb may print its answer and end with what it means
            raise CreationFailed(f"{arguments[0]} ended with {process.returncode}: {complaint.decode()[-300:].strip()}")
        return output

    async def _call(self, http: Http, values: Mapping[str, Any]) -> bytes:
        headers = {name: secret(value) for name, value in self.headers.items()}
        options = {"json": fill(self.body, values)} if self.body is not None else {}
        answer: Answer = await http.call(self.method, str(fill(self.url, values)), headers=headers, **options)
        if answer.status not in {200, 201, 202, 204}:
            raise CreationFailed(str(answer))
        return answer.body


@dataclass(frozen=True, slots=True)
class Variant:
    """What a door is asked beside the usual, for requests that are not the usual ones."""

    arguments: tuple[str, ...] = ()
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SelfIssued:
    """Credentials the suite signs itself: with a key and its chain, or by an authority that certifies any number."""

    key: str | None
    chain: str | None
    vct: str
    claims: Mapping[str, Any]
    authority: str | None = None
    authority_key: str | None = None


@dataclass(frozen=True, slots=True)
class Documents:
    """Mobile documents the suite signs itself: the authority's files, and what they say, by namespace."""

    authority: str
    authority_key: str
    doctype: str
    elements: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Digital:
    """The doors of a verifier's own page, which uses the Digital Credentials API."""

    origin: str
    request: Door
    data: Door
    answer: Door


@dataclass(frozen=True, slots=True)
class Hosting:
    """Where the suite serves what its issuer publishes, and how the verifier reaches that."""

    address: str
    port: int
    url: str


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who invites over DIDComm: by a door or a standing URL for each version; `did` answers strangers."""

    invitations: Mapping[str, "Door | str"]
    did: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    issuer: str | None = None
    configuration: str | None = None
    client_id: str | None = None
    offers: Mapping[str, Door] = field(default_factory=dict)
    approve: Door | None = None
    issuing: Issuing = field(default_factory=Issuing)
    request: Door | None = None
    result: Door | None = None
    accepted: tuple[str, ...] = ("verified",)
    response_modes: tuple[str, ...] = ("direct_post", "direct_post.jwt")
    dcql_query: Mapping[str, Any] = field(default_factory=dict)
    variants: Mapping[str, Variant] = field(default_factory=dict)
    returned: Door | None = None
    digital: Digital | None = None
    agent: Agent | None = None
    self_issued: SelfIssued | None = None
    documents: Documents | None = None
    hosting: Hosting | None = None
    anchors_pem: str | None = None
    anchors_door: Door | None = None
    authorities: str | None = None


def dotted(value: Any, path: str) -> Any:
    for part in path.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise CreationFailed(f"the answer has no {path}") from error
    return value


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Placeholders `{name}`: a string that is nothing but one becomes the value itself, JSON included."""
    if isinstance(template, Mapping):
        return {name: fill(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [fill(value, values) for value in template]
    if not isinstance(template, str):
        return template
    if template[:1] == "{" and template[1:-1] in values:
        return values[template[1:-1]]
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value if isinstance(value, str) else json.dumps(value))
    return template


def secret(template: str) -> str:
    """`{env:NAME}` and `{file:PATH}` in a header or a field: secrets stay out of the target file."""

    def read(match: re.Match[str]) -> str:
        kind, name = match.groups()
        try:
            return os.environ[name] if kind == "env" else Path(name).read_text(encoding="utf-8").strip()
        except (KeyError, OSError) as error:
            raise CreationFailed(f"the target file wants {kind} {name}, which is not there") from error

    return _SECRET.sub(read, template)


def load(name: str) -> Target:
    """A target by its path, or one that comes with the suite by name."""
    path = Path(name)
    bundled = resources.files("conformance") / "targets" / f"{name}.toml"
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else bundled.read_text(encoding="utf-8")
        return parse(tomllib.loads(text), path.parent)
    except OSError as error:
        raise BadTarget(f"no target file {name}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadTarget(f"{name}: {error}") from error


def parse(document: Mapping[str, Any], folder: Path = Path()) -> Target:
    """Read the tables of docs/conformance.md; unknown names are refused, for a typing error would skip checks."""
    _only(document, TABLES, "the file")
    issuer, verifier, trust = (document.get(name, {}) for name in ("issuer", "verifier", "trust"))
    _only(issuer, {"url", "configuration", "client_id", "approve", *OFFERS, *issuing.MEMBERS}, "[issuer]")
    _only(verifier, VERIFIER, "[verifier]")
    _only(trust, {"pem", "command", "method", "url", "headers"}, "[trust]")
    if not issuer and not verifier and "didcomm" not in document:
        raise BadTarget("neither [issuer] nor [verifier] nor [didcomm]: nothing to check")
    if issuer and not isinstance(issuer.get("url"), str):
        raise BadTarget("[issuer] needs url, the credential issuer identifier")
    if verifier and not isinstance(verifier.get("dcql_query"), dict):
        raise BadTarget("[verifier] needs dcql_query, the query its requests are to carry")
    accepted = verifier.get("accepted", "verified")
    return Target(
        name=document.get("name", issuer.get("url", "target")),
        issuer=issuer.get("url"),
        configuration=issuer.get("configuration"),
        client_id=issuer.get("client_id"),
        offers={name: _door(issuer[name], {"uri"}, f"[issuer.{name}]") for name in OFFERS if name in issuer},
        approve=_door(issuer["approve"], set(), "[issuer.approve]") if "approve" in issuer else None,
        issuing=_issuing(issuer, folder),
        request=_door(verifier["request"], {"uri"}, "[verifier.request]") if "request" in verifier else None,
        result=_door(verifier["result"], {"state"}, "[verifier.result]") if "result" in verifier else None,
        accepted=(accepted,) if isinstance(accepted, str) else tuple(accepted),
        response_modes=tuple(verifier.get("response_modes", ("direct_post", "direct_post.jwt"))),
        dcql_query=verifier.get("dcql_query", {}),
        variants={name: _variant(one, name) for name, one in verifier.get("variants", {}).items()},
        returned=_door(verifier["return"], set(), "[verifier.return]") if "return" in verifier else None,
        digital=_digital(verifier["digital"]) if "digital" in verifier else None,
        agent=_agent(document["didcomm"]) if "didcomm" in document else None,
        self_issued=_self_issued(document["credential"], folder) if "credential" in document else None,
        documents=_documents(document["mdoc"], folder) if "mdoc" in document else None,
        hosting=_hosting(document["hosting"]) if "hosting" in document else None,
        anchors_pem=str(folder / trust["pem"]) if "pem" in trust else None,
        anchors_door=_door(trust, set(), "[trust]") if trust and "pem" not in trust else None,
        authorities=str(folder / document["tls_authorities"]) if "tls_authorities" in document else None,
    )


def _only(table: Mapping[str, Any], known: Collection[str], where: str) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise BadTarget(f"{where}: unknown {', '.join(unknown)}; known: {', '.join(sorted(known))}")


def _issuing(table: Mapping[str, Any], folder: Path) -> Issuing:
    try:
        found = issuing.parse(table, folder)
        if found.sign_in is None:
            return found
        fields = {name: secret(text) for name, text in found.sign_in.fields.items()}
    except (issuing.BadIssuer, CreationFailed) as error:
        raise BadTarget(str(error)) from error
    return replace(found, sign_in=replace(found.sign_in, fields=fields))


def _door(table: Mapping[str, Any], required: set[str], where: str) -> Door:
    _only(table, {"command", "method", "url", "headers", "body", *FIELDS}, where)
    fields = {name: table[name] for name in FIELDS if name in table}
    if required - fields.keys() or ("command" in table) == ("url" in table):
        raise BadTarget(f"{where}: needs command or url, and the field path {', '.join(sorted(required))}")
    method = table.get("method", "POST")
    return Door(
        tuple(table.get("command", ())),
        method,
        table.get("url", ""),
        table.get("headers", {}),
        table.get("body"),
        fields,
    )


def _variant(table: Mapping[str, Any], name: str) -> Variant:
    _only(table, {"arguments", "body"}, f"[verifier.variants.{name}]")
    return Variant(tuple(table.get("arguments", ())), table.get("body", {}))


def _digital(table: Mapping[str, Any]) -> Digital:
    where = "[verifier.digital]"
    _only(table, {"origin", "request", "data", "answer"}, where)
    try:
        return Digital(
            table["origin"],
            _door(table["request"], {"id"}, f"{where} request"),
            _door(table["data"], {"data"}, f"{where} data"),
            _door(table["answer"], set(), f"{where} answer"),
        )
    except KeyError as error:
        raise BadTarget(f"{where} needs {error}") from error


def _agent(table: Mapping[str, Any]) -> Agent:
    _only(table, {"did", "v1", "v2"}, "[didcomm]")
    invitations: dict[str, Door | str] = {}
    for version in table.keys() & {"v1", "v2"}:
        stated, where = table[version], f"[didcomm.{version}]"
        standing = stated.get("invitation")
        invitations[version] = standing if isinstance(standing, str) else _door(stated, {"uri"}, where)
    return Agent(invitations, table.get("did"))


def _self_issued(table: Mapping[str, Any], folder: Path) -> SelfIssued:
    _only(table, {"key", "chain", "authority", "authority_key", "vct", "claims"}, "[credential]")
    files = {
        name: str(folder / table[name]) if name in table else None
        for name in ("key", "chain", "authority", "authority_key")
    }
    if not (files["key"] and files["chain"]) and not (files["authority"] and files["authority_key"]):
        raise BadTarget("[credential] needs key and chain, or authority and authority_key")
    try:
        return SelfIssued(vct=table["vct"], claims=table["claims"], **files)
    except KeyError as error:
        raise BadTarget(f"[credential] needs {error}") from error


def _documents(table: Mapping[str, Any], folder: Path) -> Documents:
    _only(table, {"authority", "authority_key", "doctype", "elements"}, "[mdoc]")
    try:
        certificate, key = (str(folder / table[name]) for name in ("authority", "authority_key"))
        return Documents(certificate, key, table["doctype"], table["elements"])
    except KeyError as error:
        raise BadTarget(f"[mdoc] needs {error}") from error


def _hosting(table: Mapping[str, Any]) -> Hosting:
    _only(table, {"listen", "url"}, "[hosting]")
    address, _, port = str(table.get("listen", "")).rpartition(":")
    if not address or not port.isdecimal() or not isinstance(table.get("url"), str):
        raise BadTarget("[hosting] needs listen (address:port) and url")
    return Hosting(address, int(port), table["url"].rstrip("/"))

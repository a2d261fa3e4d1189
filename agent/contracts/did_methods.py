"""The suite of `chancery.did_methods` (DID Core 1.0; DID Resolution)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from agent.contracts.subjects import Subject, Web, awaited
from agent.contracts.subjects import pytest_generate_tests as pytest_generate_tests
from protocols.did import InvalidDid, MethodNotSupported, parse_did
from protocols.encoding import render_json
from protocols.errors import Malformed, ProtocolError
from protocols.ports.tools import FetchFailed, FetchRefused


@dataclass(frozen=True, slots=True)
class Sample:
    """`resolves`: DIDs that resolve, each with the pages (URL to body) of the network that it is resolved from;
    `fetched`: a DID for which the network is asked, if there is such a one; `options` for `create`, where there is
    one; `settings` of the plugin."""

    resolves: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    fetched: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


KEY = {"kty": "OKP", "crv": "Ed25519", "x": "CV-aGlld3nVdgnhoZK0D36Wk-9aIMlZjZOK2XhPMnkQ"}
HOSTILE = (
    *("", "x", "..", "%2e%2e", "127.0.0.1", "169.254.169.254", "localhost", "a%2Fb", "a%00b", "%", "a b", "a\nb", "é"),
    *("z" * 3000, "z" + "1" * 20_000, ":" * 50, "example.com:..:..:etc"),
    *("Qm" + "1" * 44 + ":127.0.0.1", "Qm" + "1" * 44 + ":example.com:%2e%2e"),
)
"""Names that every method could be asked for, and none may take for an address, a path or a document."""


def test_it_is_made_of_its_tools_alone_and_says_its_method(subject: Subject) -> None:
    """`method` is the name of the entry point."""
    assert subject.built().method == subject.name


@awaited
async def test_what_the_author_says_resolves(subject: Subject) -> None:
    """The document has the DID as its id, and is plain JSON."""
    for did, pages in subject.sample.resolves.items():
        found = await subject.built(Web(pages)).resolve(did)
        assert found.id == found.document["id"]
        render_json(dict(found.document))


@pytest.mark.parametrize("text", HOSTILE)
@awaited
async def test_a_hostile_name_is_refused_and_reaches_no_internal_host(subject: Subject, text: str) -> None:
    """A ProtocolError, whatever the name; what is fetched is https, of a named host, within its path."""
    web = Web()
    built = subject.built(web)
    method = next(iter(getattr(built, "methods", (subject.name,))))
    with pytest.raises(ProtocolError) as refusal:
        await built.resolve(f"did:{method}:{text}")
    assert refusal.value.status < 502
    for url in web.asked:
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert not str(parts.hostname).replace(".", "").isdigit()
        assert {"..", "."}.isdisjoint(unquote(parts.path).split("/"))


@awaited
async def test_a_did_of_another_method_is_refused(subject: Subject) -> None:
    """InvalidDid or MethodNotSupported."""
    with pytest.raises((InvalidDid, MethodNotSupported)):
        await subject.built().resolve("did:other:abc")


@pytest.mark.parametrize("page", [FetchRefused("guard"), FetchFailed("time"), b"", b"<html>", b"\xff", b"[]", b"{}"])
@awaited
async def test_what_the_network_answers_is_a_refusal_and_no_crash(subject: Subject, page: Any) -> None:
    """A ProtocolError for whatever is not the document."""
    if subject.sample.fetched is not None:
        with pytest.raises(ProtocolError):
            await subject.built(Web(otherwise=page)).resolve(subject.sample.fetched)


@awaited
async def test_what_a_registrar_makes_is_of_its_method_and_resolves(subject: Subject) -> None:
    """`create` answers with what `resolve` finds."""
    if not hasattr(subject.factory, "create"):
        return
    made = await subject.built().create({"key": KEY}, subject.sample.options)
    assert parse_did(made.id)[0] == subject.name
    assert made.document["id"] == made.id
    page = Web(otherwise=render_json(dict(made.document)))
    assert await subject.built(page).resolve(made.id) == made


@awaited
async def test_no_registrar_publishes_a_private_key(subject: Subject) -> None:
    """Malformed for a JWK with private members."""
    if hasattr(subject.factory, "create"):
        with pytest.raises(Malformed):
            await subject.built().create({"key": {**KEY, "d": KEY["x"]}}, subject.sample.options)

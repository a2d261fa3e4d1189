"""What every installed DID method promises, whoever wrote it."""

from importlib.metadata import entry_points
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from protocols.did import DidDocument, DidNotFound, InvalidDid, MethodNotSupported, parse_did
from protocols.encoding import render_json
from protocols.errors import Malformed, ProtocolError
from protocols.ports import KeepsDidLog, PluginTools
from protocols.ports.tools import FetchFailed, FetchRefused
from tests.plugins.did_methods.webs import Web

POINTS = {point.name: point for point in entry_points(group="chancery.did_methods")}
SETTINGS = {"methods": "example=https://resolver.example/1.0/identifiers"}
# Names that every method could be asked for, and none may take for an address, a path or a document.
HOSTILE = (
    "",
    "x",
    "..",
    "%2e%2e",
    "127.0.0.1",
    "169.254.169.254",
    "localhost",
    "a%2Fb",
    "a%00b",
    "%",
    "a b",
    "a\nb",
    "é",
    "z" * 3000,
    "z" + "1" * 20_000,
    ":" * 50,
    "example.com:..:..:etc",
    "Qm" + "1" * 44 + ":127.0.0.1",
    "Qm" + "1" * 44 + ":example.com:%2e%2e",
)


def built(name: str, fetch: Any) -> Any:
    return POINTS[name].load()(PluginTools(SETTINGS, fetch, None))


class Nowhere(Web):
    """Every page is the same."""

    def __init__(self, page: object) -> None:
        super().__init__()
        self.page = page

    async def get(self, url: str, accept: str, max_bytes: int = 1_000_000) -> Any:
        self.pages = {url: self.page}
        return await super().get(url, accept, max_bytes)


@pytest.mark.parametrize("name", sorted(POINTS))
def test_it_is_made_of_its_tools_alone_and_says_its_method(name: str) -> None:
    assert built(name, Web()).method == name


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", sorted(POINTS))
async def test_h12_and_g5_a_hostile_name_is_refused_and_reaches_no_internal_host(name: str, text: str) -> None:
    web = Web()
    method = next(iter(getattr(built(name, web), "methods", (name,))))
    with pytest.raises(ProtocolError) as refusal:
        await built(name, web).resolve(f"did:{method}:{text}")
    assert refusal.value.status < 502
    for url in web.asked:
        parts = urlsplit(url)
        assert parts.scheme == "https"
        assert not str(parts.hostname).replace(".", "").isdigit()
        assert {"..", "."}.isdisjoint(unquote(parts.path).split("/"))


@pytest.mark.parametrize("name", sorted(POINTS))
async def test_a_did_of_another_method_is_refused(name: str) -> None:
    with pytest.raises((InvalidDid, MethodNotSupported)):
        await built(name, Web()).resolve("did:other:abc")


@pytest.mark.parametrize("page", [FetchRefused("guard"), FetchFailed("time"), b"", b"<html>", b"\xff", b"[]", b"{}"])
@pytest.mark.parametrize("name", ["web", "webvh", "universal"])
async def test_what_the_network_answers_is_a_refusal_and_no_crash(name: str, page: object) -> None:
    dids = {
        "web": "did:web:a.example",
        "webvh": "did:webvh:Qm" + "1" * 44 + ":a.example",
        "universal": "did:example:a",
    }
    with pytest.raises(ProtocolError):
        await built(name, Nowhere(page)).resolve(dids[name])


KEYS = {"kty": "OKP", "crv": "Ed25519", "x": "CV-aGlld3nVdgnhoZK0D36Wk-9aIMlZjZOK2XhPMnkQ"}
REGISTRARS = sorted(name for name, point in POINTS.items() if hasattr(point.load(), "create"))


@pytest.mark.parametrize("name", REGISTRARS)
async def test_what_a_registrar_makes_is_of_its_method_and_resolves(name: str) -> None:
    web = Web()
    options = {"base_url": "https://a.example/t/x", "relationships": {"key": ["authentication"]}}
    made: DidDocument = await built(name, web).create({"key": KEYS}, options)
    assert parse_did(made.id)[0] == name
    assert made.document["id"] == made.id
    page = Nowhere(render_json(dict(made.document)))
    assert await built(name, page).resolve(made.id) == made


@pytest.mark.parametrize("name", REGISTRARS)
async def test_g7_no_registrar_publishes_a_private_key(name: str) -> None:
    with pytest.raises(Malformed):
        await built(name, Web()).create({"key": {**KEYS, "d": KEYS["x"]}}, {"base_url": "https://a.example"})


def test_the_registrar_of_logs_is_known_by_shape() -> None:
    assert [name for name in sorted(POINTS) if isinstance(built(name, Web()), KeepsDidLog)] == ["webvh"]
    assert not issubclass(DidNotFound, InvalidDid)

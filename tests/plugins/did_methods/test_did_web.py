import pytest

from plugins.did_methods import did_web
from plugins.did_methods.did_web import DidWeb
from protocols import did as dids
from protocols.did import DidNotFound, InvalidDid
from protocols.did.document import InvalidDidDocument
from protocols.encoding import render_json
from protocols.errors import Malformed
from protocols.ports import Fetched, PluginTools
from protocols.ports.tools import FetchFailed, FetchRefused

JWK = {"kty": "OKP", "crv": "Ed25519", "x": "CV-aGlld3nVdgnhoZK0D36Wk-9aIMlZjZOK2XhPMnkQ"}


class Web:
    """A web of documents by URL; the guard itself is tested with real sockets."""

    def __init__(self, pages: dict[str, object]) -> None:
        self.pages = pages

    async def get(self, url: str, accept: str, max_bytes: int = 1_000_000) -> Fetched:
        page = self.pages.get(url, b"")
        if isinstance(page, Exception):
            raise page
        return Fetched(200 if page else 404, "application/did+json", page)


def plugin(pages: dict[str, object] | None = None, **settings: str) -> DidWeb:
    return DidWeb(PluginTools(settings, Web(pages or {}), None))


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:w3c-ccg.github.io", "https://w3c-ccg.github.io/.well-known/did.json"),
        ("did:web:w3c-ccg.github.io:user:alice", "https://w3c-ccg.github.io/user/alice/did.json"),
        ("did:web:example.com%3A3000:user:alice", "https://example.com:3000/user/alice/did.json"),
        ("did:web:example.com%3a3000", "https://example.com:3000/.well-known/did.json"),
    ],
)
def test_the_document_is_where_the_method_says(did: str, url: str) -> None:
    assert did_web.url_of(did) == url


@pytest.mark.parametrize(
    "did",
    [
        "did:web:127.0.0.1",
        "did:web:127.1",
        "did:web:0x7f000001",
        "did:web:2130706433",
        "did:web:%5B::1%5D",
        "did:web:10.0.0.1%3A80",
        "did:web:example.com%2Fpath",
        "did:web:example.com%3A",
        "did:web:example.com%3A0",
        "did:web:example.com%3A80%3A80",
        "did:web:user%40example.com",
        "did:web:example.com:..",
        "did:web:example.com:%2e%2e",
        "did:web:example.com:%2e",
        "did:web:example%2ecom",
        "did:web:127%2e0%2e0%2e1",
        "did:web:example.com%3A65536",
        "did:web:example.com:a%2Fb",
        "did:web:example.com:a%5Cb",
        "did:web:example.com:a%3Fb",
        "did:web:example.com:a%23b",
        "did:web:example.com:a%252e",
        "did:web:example.com::a",
        "did:web:example.com:",
        "did:web:Example.com",
        "did:web:-example.com",
        "did:web:example..com",
        "did:web:",
        "did:key:example.com",
    ],
)
def test_g5_an_address_or_a_path_that_climbs_is_refused(did: str) -> None:
    with pytest.raises(InvalidDid):
        did_web.url_of(did)


async def test_a_tenants_document_is_made_served_and_resolved() -> None:
    base = "https://agent.example:8443/t/demo"
    made = await plugin().create(
        {"auth": JWK},
        {
            "base_url": base,
            "relationships": {"auth": ["authentication"]},
            "services": [{"id": "didcomm", "type": "DIDCommMessaging", "serviceEndpoint": {"uri": f"{base}/didcomm"}}],
        },
    )
    assert made.id == "did:web:agent.example%3A8443:t:demo"
    served = plugin({f"{base}/did.json": render_json(made.document)})
    resolved = await served.resolve(made.id)
    assert resolved == made
    assert dids.keys(resolved, "authentication") == {f"{made.id}#auth": JWK}
    assert dids.services(resolved, "DIDCommMessaging")[0]["id"] == f"{made.id}#didcomm"


async def test_a_private_key_is_never_published() -> None:
    with pytest.raises(Malformed):
        await plugin().create({"auth": {**JWK, "d": JWK["x"]}}, {"base_url": "https://agent.example"})


async def test_plain_http_is_for_named_hosts_only() -> None:
    page = render_json({"id": "did:web:localhost%3A8000:t:demo"})
    pages = {"http://localhost:8000/t/demo/did.json": page}
    with pytest.raises(DidNotFound):
        await plugin(pages).resolve("did:web:localhost%3A8000:t:demo")
    assert await plugin(pages, plain_http="localhost:8000").resolve("did:web:localhost%3A8000:t:demo")


@pytest.mark.parametrize(
    ("page", "refusal"),
    [
        (b"", DidNotFound),
        (FetchRefused("address is not public"), DidNotFound),
        (FetchFailed("answer is too large"), DidNotFound),
        (b"<html>", InvalidDidDocument),
        (render_json({"id": "did:web:evil.example"}), DidNotFound),
        (render_json({"id": "did:web:a.example", "pad": "x" * 100_001}), InvalidDidDocument),
    ],
)
async def test_g5_what_is_not_the_dids_document_is_refused(page: object, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await plugin({"https://a.example/.well-known/did.json": page}).resolve("did:web:a.example")

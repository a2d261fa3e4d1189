from typing import Any

import pytest

from plugins.trust_resolvers.did_url import DidUrlTrust, UntrustedDid
from protocols.did import DidDocument, DidNotFound, FeatureNotSupported, InvalidDid, Version
from protocols.errors import ProtocolError
from protocols.ports import KeyReference, PluginTools, Purpose, TrustAnchor

DID = "did:webvh:scid:a.example"
OLD = {"kty": "OKP", "crv": "Ed25519", "x": "CV-aGlld3nVdgnhoZK0D36Wk-9aIMlZjZOK2XhPMnkQ"}
NEW = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
ANCHOR = TrustAnchor("1", DID, frozenset({"issue"}))
ROTATED_AT = 1000.0


def document(name: str, jwk: dict[str, Any], version: str) -> DidDocument:
    method = {"id": f"{DID}#{name}", "type": "JsonWebKey2020", "controller": DID, "publicKeyJwk": jwk}
    return DidDocument(DID, {"id": DID, "assertionMethod": [method]}, {"versionId": version})


class Webvh:
    """A DID whose key `old` was rotated out for `new` at a moment."""

    async def resolve(self, did: str) -> DidDocument:
        return document("new", NEW, "2-b")

    async def resolve_version(self, did: str, version: Version) -> DidDocument:
        assert version.time
        return document("old", OLD, "1-a") if version.time < "1970-01-01T00:16:40Z" else document("new", NEW, "2-b")


class Web(Webvh):
    async def resolve_version(self, did: str, version: Version) -> DidDocument:
        raise FeatureNotSupported()


async def resolve(kid: str, at: float | None = None, method: Any = None, **tools: Any) -> Any:
    trust = DidUrlTrust(PluginTools({}, None, None, {"did_methods": {"webvh": method or Webvh()}}))
    return (await trust.resolve(KeyReference("did_url", kid, proven_at=at), Purpose.ISSUE, (ANCHOR,), 5000)).jwk


async def test_the_key_of_now_is_believed() -> None:
    assert await resolve(f"{DID}#new") == NEW
    assert await resolve(f"{DID}?versionId=2-b#new") == NEW


@pytest.mark.parametrize(
    "kid", [f"{DID}#old", f"{DID}?versionId=1-a#old", f"{DID}?versionTime=1970-01-01T00:00:01Z#old"]
)
async def test_g5_a_key_that_was_rotated_out_is_refused_whatever_version_it_names(kid: str) -> None:
    with pytest.raises((UntrustedDid, DidNotFound)):
        await resolve(kid)


async def test_g5_a_key_that_was_rotated_out_is_believed_for_a_proven_time() -> None:
    assert await resolve(f"{DID}#old", ROTATED_AT - 1) == OLD
    assert await resolve(f"{DID}?versionId=1-a#old", ROTATED_AT - 1) == OLD
    for kid in (f"{DID}#old", f"{DID}?versionId=1-a#old", f"{DID}?versionId=1-a#new"):
        with pytest.raises((UntrustedDid, DidNotFound)):
            await resolve(kid, ROTATED_AT + 1)


async def test_g5_a_method_without_history_has_no_former_keys() -> None:
    with pytest.raises(UntrustedDid):
        await resolve(f"{DID}#old", ROTATED_AT - 1, Web())


@pytest.mark.parametrize(
    ("kid", "refusal"),
    [(DID, DidNotFound), (f"{DID}/path#new", InvalidDid), (f"{DID}?versionId=1&versionId=2#new", ProtocolError)],
)
async def test_what_names_no_key_is_refused(kid: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await resolve(kid)

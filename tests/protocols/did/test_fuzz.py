"""Parsers of DIDs, DID URLs, keys and logs meet anything, and answer with a refusal of theirs or a value."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import did as dids
from protocols.did import Version, multikey, peer
from protocols.did.document import parse_document
from protocols.did.parameters import version_of
from protocols.did.webvh import log, parameters, resolution, witness
from protocols.did.webvh.identifier import parse
from protocols.errors import ProtocolError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
_json = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_names = st.sampled_from(["versionId", "versionTime", "parameters", "state", "proof"])
_parameters = st.sampled_from(
    ["method", "scid", "updateKeys", "nextKeyHashes", "witness", "watchers", "portable", "deactivated", "ttl"]
)


def refused(call: Callable[[], Any]) -> None:
    try:
        call()
    except ProtocolError:
        return


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=80), st.sampled_from(["", "did:web:", "did:webvh:", "did:peer:", "did:peer:2.", "did:key:z", "z"])
)
def test_text_of_any_kind(text: str, prefix: str) -> None:
    whole = prefix + text
    for parser in (
        dids.parse_did,
        dids.parse_did_url,
        multikey.decode,
        multikey.kind,
        peer.document,
        parse,
        version_of,
    ):
        refused(lambda parser=parser: parser(whole))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_names, _json) | _json)
def test_logs_of_any_kind(entry: Any) -> None:
    refused(lambda: resolution.select(log.verify(json.dumps(entry).encode(), NOW), "did:webvh:a:b", Version()))
    refused(lambda: witness.parse(json.dumps(entry).encode()))
    refused(lambda: parse_document(json.dumps(entry).encode(), "did:example:a"))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_parameters, _json))
def test_parameters_of_any_kind(stated: Any) -> None:
    refused(lambda: parameters.advance({"method": parameters.VERSION, "scid": "x", "updateKeys": [], **stated}, None))
    refused(lambda: parameters.advance(stated, parameters.Parameters("x", ())))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_octets_of_any_kind(octets: bytes) -> None:
    refused(lambda: log.verify(octets, NOW))
    refused(lambda: witness.parse(octets))


@settings(max_examples=100, deadline=None)
@given(_json)
def test_proofs_of_any_kind(proof: Any) -> None:
    refused(lambda: witness.approver("1-a", proof, NOW))
    stated = dict.fromkeys(
        ("type", "cryptosuite", "proofPurpose", "verificationMethod", "proofValue", "expires"), proof
    )
    refused(lambda: witness.approver("1-a", stated, NOW))

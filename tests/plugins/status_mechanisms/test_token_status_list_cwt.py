"""Token Status List as a CWT: the published tokens, and what is not one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from plugins.status_mechanisms.token_status_list_cwt import TokenStatusListCwt
from protocols.jose.jwk import verify_signature
from protocols.ports import PluginTools
from protocols.status_list import InvalidStatusList

NOW = datetime.fromtimestamp(1_686_920_200, UTC)
URI = "https://example.com/statuslists/1"
_nothing: Any = None
mechanism = TokenStatusListCwt(PluginTools({}, _nothing, _nothing))


def test_the_published_token_is_believed(vectors: Callable[[str], Any]) -> None:
    published = vectors("token-status-list/tokens.json")
    token = bytes.fromhex(published["status_list_token_cwt"]["hex"])
    opened = mechanism.open(token, URI, NOW)
    key = {name: published["key"][name] for name in ("kty", "crv", "x", "y")}
    assert verify_signature(key, opened.algorithm, opened.signing_input, opened.signature)
    assert (opened.signer.kind, opened.signer.value) == ("jwt_vc_issuer", "12")
    assert (opened.content.bits, opened.content.ttl) == (1, 43_200)
    assert [mechanism.read(opened.content, index) for index in range(8)] == [1, 0, 0, 1, 1, 1, 0, 1]
    with pytest.raises(InvalidStatusList):
        mechanism.open(token, URI + "0", NOW)
    with pytest.raises(InvalidStatusList):
        mechanism.open(token, URI, datetime.fromtimestamp(2_291_720_300, UTC))
    with pytest.raises(InvalidStatusList):
        mechanism.open(bytes.fromhex(published["referenced_token_cwt"]["hex"]), URI, NOW)

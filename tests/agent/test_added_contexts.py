"""JSON-LD contexts that an operator adds."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from agent.config import ConfigurationError
from agent.discovery import added_contexts

BODY = b'{"@context": {"member": "https://example.org/member"}}'


def index(folder: Path, digest: str) -> str:
    (folder / "one.jsonld").write_bytes(BODY)
    (folder / "index.json").write_text(
        json.dumps([{"url": "https://example.org/one", "file": "one.jsonld", "sha256": digest}])
    )
    return str(folder / "index.json")


def test_a_context_is_added_by_its_hash(tmp_path: Path) -> None:
    found = added_contexts(index(tmp_path, sha256(BODY).hexdigest()))
    assert found == {"https://example.org/one": json.loads(BODY)}
    assert added_contexts(None) == {}


def test_a_file_with_another_hash_stops_the_server(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        added_contexts(index(tmp_path, "00" * 32))
    with pytest.raises(ConfigurationError):
        added_contexts(str(tmp_path / "absent.json"))

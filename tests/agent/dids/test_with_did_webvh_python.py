"""The library of did:webvh's authors as a second opinion: it resolves what we make, we resolve what it makes."""

import asyncio
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plugins.did_methods.did_webvh import read
from protocols.did import Version
from tests.houses import Site
from tests.interop.did_webvh_python.install import HERE, CannotInstall, install


@pytest.fixture(scope="session")
def library() -> str:
    try:
        return str(install())
    except (CannotInstall, OSError) as refusal:
        if os.environ.get("CI") == "true":
            pytest.fail(str(refusal))
        pytest.skip(str(refusal))


async def run(library: str, command: str, folder: Path, argument: str) -> dict[str, Any]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(library, str(HERE / "peer.py"), stdin=pipe, stdout=pipe, stderr=pipe)
    request = json.dumps({"command": command, "folder": str(folder), "argument": argument}).encode()
    out, err = await asyncio.wait_for(process.communicate(request), 60)
    assert process.returncode == 0, err.decode()
    return json.loads(out)


async def keep(site: Site, folder: Path, place: str) -> None:
    for name in ("did.jsonl", "did-witness.json"):
        async with site.session.get(f"{site.url}/t/alpha/dids/{place}/{name}") as answer:
            (folder / name).write_text(await answer.text())


async def api(site: Site, method: str, path: str, body: Any, key: str | None = None) -> Any:
    status, answer = await site.api(method, path, body, key)
    assert status in (200, 201, 202), answer
    return answer


@pytest.fixture
def settings() -> dict[str, Any]:
    # The library knows no host of one label, so the server says that it is another.
    return {"public_url": "https://agent.example"}


@pytest.fixture
def here(site: Site) -> Site:
    """The server where it listens, whatever it calls itself."""
    return replace(site, url=f"http://localhost:{site.house.config.port}")


async def test_it_resolves_what_we_make_rotate_move_and_end(here: Site, library: str, tmp_path: Path) -> None:
    made = await api(here, "POST", "/dids", {"place": "main", "portable": True})
    path = f"/dids/{made['id']}"
    await api(here, "PATCH", path, {"rotate": True, "also_known_as": ["https://a.example"]})
    last = await api(here, "PATCH", path, {"ttl": 60})
    await keep(here, tmp_path, "main")
    found = await run(library, "resolve", tmp_path, made["did"])
    assert found["didDocumentMetadata"]["versionId"] == last["version_id"]
    assert found["didDocument"]["id"] == made["did"]
    former = await run(library, "resolve", tmp_path, f"{made['did']}?versionId={made['version_id']}")
    assert former["didDocumentMetadata"]["versionId"] == made["version_id"]
    moved = await api(here, "PATCH", path, {"move_to": "https://new.example/ids"})
    await api(here, "PATCH", path, {"deactivate": True})
    await keep(here, tmp_path, "main")
    ended = await run(library, "resolve", tmp_path, moved["did"])
    assert ended["didDocumentMetadata"]["deactivated"] is True


async def test_it_resolves_what_witnesses_approved(here: Site, library: str, tmp_path: Path) -> None:
    witness = (await api(here, "GET", "/did-witness", None, here.beta.api_key))["witness"]
    made = await api(here, "POST", "/dids", {"place": "main", "witnesses": [witness], "threshold": 1})
    approval = await api(here, "POST", "/did-approvals", {"log": made["entry"]}, here.beta.api_key)
    await api(here, "POST", f"/dids/{made['id']}/approvals", {"proof": approval["proof"]})
    await keep(here, tmp_path, "main")
    found = await run(library, "resolve", tmp_path, made["did"])
    assert found["didDocumentMetadata"]["versionId"] == made["version_id"], found
    (tmp_path / "did-witness.json").write_text("[]")
    refused = await run(library, "resolve", tmp_path, made["did"])
    assert refused["didResolutionMetadata"]["error"]


async def test_we_resolve_what_it_makes(library: str, tmp_path: Path) -> None:
    made = await run(library, "make", tmp_path, "example.com")
    lines, proofs = (tmp_path / "did.jsonl").read_bytes(), (tmp_path / "did-witness.json").read_bytes()
    found = read(made["did"], lines, proofs, Version(), datetime.now(UTC))
    assert (found.id, found.metadata["versionId"]) == (made["did"], made["versionId"])
    assert found.metadata["portable"] is True

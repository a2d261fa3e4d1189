import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.sandbox import ProcessSandbox
from plugins.did_methods.did_webvh import DidWebvh, read
from protocols.did import DidDeactivated, DidNotFound, InvalidDid, Version
from protocols.did.webvh import InvalidLog, log
from protocols.did.webvh.identifier import parse
from protocols.errors import ProtocolError
from protocols.ports import PluginTools
from protocols.ports.tools import FetchFailed, FetchRefused
from tests.plugins.did_methods.webs import Web
from tests.refusals import WEBVH

FOLDER = Path(os.environ.get("CHANCERY_VECTORS", Path(__file__).parents[4] / "shared" / "vectors")) / "did-webvh"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
# Against the text of 1.0: rust names witnesses without did:key; the others have one approval of the two that
# the list before the change demands ("that new list becomes active AFTER the new DID log entry has been published").
CONTRADICT = {
    "witness-threshold/rust": "witness is no did:key",
    "witness-update/rust": "witness is no did:key",
    **{f"witness-update/{who}": "too few witnesses" for who in ("java", "java-eecc", "python", "ts")},
}


def logs(negative: bool) -> list[str]:
    found = sorted(str(one.parent.relative_to(FOLDER)) for one in FOLDER.glob("*/*/did.jsonl") if one.stat().st_size)
    return [one for one in found if one.startswith("negative-") is negative]


def files(vectors: Callable[[str], Any], case: str) -> tuple[bytes, bytes]:
    witness = FOLDER / case / "did-witness.json"
    return vectors(f"did-webvh/{case}/did.jsonl"), witness.read_bytes() if witness.exists() else b"[]"


def did_of(lines: bytes) -> str:
    return str(json.loads(lines.splitlines()[-1])["state"]["id"])


def plugin(pages: dict[str, object] | None = None, sandbox: Any = None, **settings: str) -> DidWebvh:
    return DidWebvh(PluginTools(settings, Web(pages), sandbox))


def served(did: str, lines: object, witness: object = b"[]") -> dict[str, object]:
    identifier = parse(did)
    return {identifier.url("did.jsonl"): lines, identifier.url("did-witness.json"): witness}


def test_the_published_logs_are_here(vectors: Callable[[str], Any]) -> None:
    assert vectors("did-webvh/basic-create/ts/did.jsonl")
    assert (len(logs(negative=False)), len(logs(negative=True))) == (64, 11)


@pytest.mark.parametrize("case", [one for one in logs(negative=False) if one not in CONTRADICT])
async def test_published_logs_resolve_as_published(vectors: Callable[[str], Any], case: str) -> None:
    lines, witness = files(vectors, case)
    results = {
        name: json.loads((FOLDER / case / name).read_text())
        for name in os.listdir(FOLDER / case)
        if name.startswith("resolutionResult")
    }
    did = did_of(lines)
    web = plugin(served(did, lines, witness))
    for name, result in results.items():
        stated = result["didDocumentMetadata"]
        number = re.fullmatch(r"resolutionResult\.(\d+)\.json", name)
        version = Version(id=stated["versionId"]) if number else Version()
        try:
            found = await web.resolve_version(did, version)
        except DidDeactivated as error:
            metadata, document = error.metadata, None
        else:
            metadata, document = found.metadata, found.document
        assert metadata["versionId"] == stated["versionId"]
        assert metadata["deactivated"] is bool(stated.get("deactivated", False))
        assert metadata["scid"] == stated.get("scid", metadata["scid"])
        # Of a former version three of five say when that was made, the text "the DID's last valid log entry".
        for member in ("created", "versionTime", *(() if number else ("updated",))):
            if stated.get(member):
                assert datetime.fromisoformat(metadata[member]) == datetime.fromisoformat(stated[member]).replace(
                    microsecond=0
                )
        if document is not None:
            assert document["id"] == result["didDocument"]["id"]
            assert document.get("verificationMethod") == result["didDocument"].get("verificationMethod")


@pytest.mark.parametrize("case", sorted(CONTRADICT))
async def test_published_logs_that_contradict_the_text_hold_up_to_there(
    vectors: Callable[[str], Any], case: str
) -> None:
    lines, witness = files(vectors, case)
    did = did_of(lines)
    with pytest.raises(InvalidLog) as refusal:
        read(did, lines, witness, Version(), NOW)
    assert refusal.value.detail == CONTRADICT[case]
    if CONTRADICT[case] == "too few witnesses":
        assert read(did, lines, witness, Version(number="1"), NOW).id == did


@pytest.mark.parametrize("case", logs(negative=True))
async def test_g6_published_faults_are_refused(vectors: Callable[[str], Any], case: str) -> None:
    lines, witness = files(vectors, case)
    did = f"did:webvh:{json.loads(lines.splitlines()[0])['parameters']['scid']}:example.com"
    web = plugin(served(did, lines, witness))
    with pytest.raises(InvalidDid) as refusal:
        await web.resolve(did)
    assert refusal.value.detail == WEBVH[case.partition("/")[0]]


def named_in_scripts() -> list[str]:
    """The DIDs of the negative cases that are refused before anything is fetched."""
    found = []
    for script in FOLDER.glob("negative-*/script.yaml"):
        found += re.findall(r'did: "(did:webvh:[^"]+)"', script.read_text())
    return sorted(found)


@pytest.mark.parametrize("did", named_in_scripts())
async def test_g6_published_dids_of_no_place_fetch_nothing(did: str) -> None:
    web = Web()
    with pytest.raises(InvalidDid):
        await DidWebvh(PluginTools({}, web, None)).resolve(did)
    assert web.asked == []


SCID = "Qm" + "1" * 44


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("example.com", "https://example.com/.well-known/did.jsonl"),
        ("issuer.example.com", "https://issuer.example.com/.well-known/did.jsonl"),
        ("example.com:dids:issuer", "https://example.com/dids/issuer/did.jsonl"),
        ("example.com%3A3000:dids:issuer", "https://example.com:3000/dids/issuer/did.jsonl"),
        ("example.com%3a3000", "https://example.com:3000/.well-known/did.jsonl"),
        ("xn--jp-cd2fp15c.xn--fsq.jp:%E7%94%A8", "https://xn--jp-cd2fp15c.xn--fsq.jp/%E7%94%A8/did.jsonl"),
        ("EXAMPLE.com", "https://example.com/.well-known/did.jsonl"),
    ],
)
def test_the_log_is_where_the_method_says(name: str, url: str) -> None:
    assert parse(f"did:webvh:{SCID}:{name}").url("did.jsonl") == url


@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "a.0x7f",
        "2130706433",
        "%5B%3A%3A1%5D",
        "example.com%3A0",
        "example.com%3A65536",
        "example.com%3A80%3A80",
        "exa%3Ample.com",
        "example..com",
        "example.com.",
        "user%40example.com",
        "example.com%2Fa",
        "example.com%23a",
        "%E7%94%A8.example",
        "%FF.example",
        "example.com::a",
        "example.com:a%5Cb",
        "example.com:%00",
        "example.com:%20a",
        "a" * 64 + ".com",
        ".".join(["a" * 60] * 5),
    ],
)
def test_g6_a_place_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidDid):
        parse(f"did:webvh:{SCID}:{name}")


async def test_a_single_label_is_for_named_hosts_only() -> None:
    did = f"did:webvh:{SCID}:localhost"
    with pytest.raises(InvalidDid):
        await plugin().resolve(did)
    with pytest.raises(DidNotFound):
        await plugin(plain_http="localhost").resolve(did)


@pytest.mark.parametrize("page", [FetchRefused("no"), FetchFailed("too large"), b""])
async def test_a_log_that_cannot_be_had_is_not_found(vectors: Callable[[str], Any], page: object) -> None:
    did = did_of(vectors("did-webvh/basic-create/ts/did.jsonl"))
    with pytest.raises(DidNotFound):
        await plugin(served(did, page)).resolve(did)


def changed(lines: bytes, line: int, change: Callable[[dict[str, Any]], object]) -> bytes:
    entries = [json.loads(one) for one in lines.splitlines()]
    change(entries[line])
    return b"\n".join(json.dumps(one).encode() for one in entries)


@pytest.mark.parametrize(
    ("line", "change"),
    [
        (0, lambda entry: entry["parameters"].update(ttl=1)),
        (0, lambda entry: entry["parameters"].update(unknown=1)),
        (0, lambda entry: entry["state"].update(alsoKnownAs=["did:example:mallory"])),
        (0, lambda entry: entry.update(versionTime="2000-01-01T00:00:00+02:00")),
        (0, lambda entry: entry.update(versionTime="2000-01-01T00:00:00")),
        (0, lambda entry: entry.update(more=1)),
        (0, lambda entry: entry.update(proof=[])),
        (0, lambda entry: entry.update(proof=entry["proof"] * 9)),
        (0, lambda entry: entry["proof"].append({**entry["proof"][0], "proofValue": "z" + "1" * 64})),
        (0, lambda entry: entry["proof"][0].update(proofPurpose="authentication")),
        (0, lambda entry: entry["proof"][0].update(created="2000-01-01T00:00:01Z")),
        (0, lambda entry: entry["proof"][0].update({"@context": ["https://www.w3.org/ns/did/v1"]})),
        (1, lambda entry: entry.update(versionId=entry["versionId"].replace("2-", "3-"))),
        (1, lambda entry: entry.update(versionId=entry["versionId"].replace("-", "--"))),
        (1, lambda entry: entry["parameters"].update(portable=True)),
        (1, lambda entry: entry["parameters"].update(scid="Qm" + "1" * 44)),
        (1, lambda entry: entry["parameters"].update(method="did:webvh:0.5")),
    ],
)
def test_g6_a_changed_log_is_refused(
    vectors: Callable[[str], Any], line: int, change: Callable[[dict[str, Any]], object]
) -> None:
    lines = vectors("did-webvh/basic-update/ts/did.jsonl")
    with pytest.raises(InvalidDid):
        read(did_of(lines), changed(lines, line, change), b"[]", Version(), NOW)


def test_g6_an_entry_that_is_left_out_or_repeated_is_refused(vectors: Callable[[str], Any]) -> None:
    lines = vectors("did-webvh/multi-update/ts/did.jsonl")
    first, second, *rest = lines.splitlines()
    for broken in ([first, *rest], [first, second, second, *rest], [second, first]):
        with pytest.raises(InvalidDid):
            read(did_of(lines), b"\n".join(broken), b"[]", Version(), NOW)


def test_a_version_before_the_fault_is_still_that_version(vectors: Callable[[str], Any]) -> None:
    lines = vectors("did-webvh/basic-update/ts/did.jsonl")
    broken = changed(lines, 1, lambda entry: entry["parameters"].update(ttl=1))
    first = json.loads(lines.splitlines()[0])["versionId"]
    assert read(did_of(lines), broken, b"", Version(id=first), NOW).metadata["versionId"] == first


def test_a_version_that_is_not_there_is_not_found(vectors: Callable[[str], Any]) -> None:
    lines = vectors("did-webvh/basic-update/ts/did.jsonl")
    for version in (Version(id="1-Qm"), Version(number="3"), Version(time="1999-01-01T00:00:00Z")):
        with pytest.raises(DidNotFound):
            read(did_of(lines), lines, b"", version, NOW)
    assert read(did_of(lines), lines, b"", Version(time="2000-01-01T12:00:00Z"), NOW).metadata["versionNumber"] == "1"


def test_g6_a_log_of_the_future_and_a_log_of_another_did_are_refused(vectors: Callable[[str], Any]) -> None:
    lines = vectors("did-webvh/basic-create/ts/did.jsonl")
    with pytest.raises(InvalidLog):
        read(did_of(lines), lines, b"", Version(), datetime(1999, 1, 1, tzinfo=UTC))
    with pytest.raises(InvalidLog):
        read(did_of(lines).replace("example.com", "other.example"), lines, b"", Version(), NOW)


def test_g6_a_witness_file_of_another_form_approves_nothing(vectors: Callable[[str], Any]) -> None:
    lines, witness = files(vectors, "witness-threshold/ts")
    did = did_of(lines)
    assert read(did, lines, witness, Version(), NOW)
    fragmentless = witness.replace(b"#z6Mkrv5Cm2XCLumMPTqooLTCw6YDf421d7VdTziwrZ8vNf4L", b"")
    for broken in (b"", b"{}", b"[]", b'[{"versionId":1}]', fragmentless, witness.replace(b"zTs", b"zTt")):
        with pytest.raises(InvalidLog):
            read(did, lines, broken, Version(), NOW)


def test_g6_sizes_are_bounded(vectors: Callable[[str], Any]) -> None:
    lines = vectors("did-webvh/basic-create/ts/did.jsonl")
    for broken in (b" " * (log.MAX_BYTES + 1), b"\n".join([lines.strip()] * 1001), b"\xff", b"[" * 900_000):
        with pytest.raises(InvalidDid):
            read(did_of(lines), broken, b"", Version(), NOW)


async def test_a_long_log_is_verified_in_the_sandbox(vectors: Callable[[str], Any]) -> None:
    lines = vectors("did-webvh/basic-update/ts/did.jsonl")
    did = did_of(lines)
    sandbox = ProcessSandbox()
    try:
        with pytest.raises(InvalidLog):
            await plugin(served(did, lines + b"{}\n" * 7000), sandbox).resolve(did)
        padded = b"[" + b" " * 21_000 + b"]"
        witnessed = vectors("did-webvh/witness-threshold/ts/did.jsonl")
        with pytest.raises(ProtocolError):
            await plugin(served(did_of(witnessed), witnessed, padded), sandbox).resolve(did_of(witnessed))
        ended = vectors("did-webvh/deactivate/ts/did.jsonl")
        with pytest.raises(DidDeactivated) as gone:
            await sandbox.run(read, did_of(ended), ended, b"", Version(), NOW)
        assert gone.value.metadata["deactivated"] is True
    finally:
        sandbox.close()

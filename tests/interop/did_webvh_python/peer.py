"""One command as JSON on standard input, one answer on standard output, by the library `did-webvh`.

`resolve`: a DID of the log in a folder.  `make`: a log in a folder, its keys rotated, with a witness.
"""

import asyncio
import json
import sys
from pathlib import Path

from did_webvh.askar import AskarSigningKey
from did_webvh.core.proof import di_jcs_sign
from did_webvh.history import write_document_state
from did_webvh.provision import provision_did
from did_webvh.resolver import resolve
from did_webvh.update import update_did


async def _resolve(folder: Path, did: str) -> dict:
    return await resolve(did, local_history=folder)


async def _make(folder: Path, domain: str) -> dict:
    first, second, witness = (AskarSigningKey.generate("ed25519") for _ in range(3))
    for key in (first, second, witness):
        key.kid = key.multikey
    params = {"updateKeys": [first.multikey], "portable": True}
    params["witness"] = {"threshold": 1, "witnesses": [{"id": f"did:key:{witness.multikey}"}]}
    document = {"@context": ["https://www.w3.org/ns/did/v1"], "id": f"did:webvh:{{SCID}}:{domain}"}
    state = provision_did(document, params=params)
    state.proofs.append(state.create_proof(first, timestamp=state.timestamp))
    write_document_state(folder, state)
    did = state.document_id
    log = folder / "did.jsonl"
    changed = {**state.document, "alsoKnownAs": ["https://a.example"]}
    update = {"updateKeys": [second.multikey]}
    state = await update_did(state, changed, log, first, check_modified=True, params_update=update)
    state = await update_did(state, document=None, history_path=log, sk=second, check_modified=False)
    proof = di_jcs_sign({"versionId": state.version_id}, witness)
    (folder / "did-witness.json").write_text(json.dumps([{"versionId": state.version_id, "proof": [proof]}]))
    return {"did": did, "versionId": state.version_id}


COMMANDS = {"resolve": _resolve, "make": _make}
request = json.load(sys.stdin)
answer = asyncio.run(COMMANDS[request["command"]](Path(request["folder"]), request["argument"]))
json.dump(answer, sys.stdout)

"""Run by the library's own Python: one JSON line in, one JSON line out.

{"documents": [...], "secrets": [...], "pack": {message}, "to": did, "from": did | null, "sign": did | null}
{"documents": [...], "secrets": [...], "unpack": {envelope}}
"""

import asyncio
import json
import sys

from didcomm.common.resolvers import ResolversConfig
from didcomm.common.types import VerificationMaterial, VerificationMaterialFormat, VerificationMethodType
from didcomm.did_doc.did_doc import DIDDoc
from didcomm.did_doc.did_resolver_in_memory import DIDResolverInMemory
from didcomm.pack_encrypted import PackEncryptedConfig, pack_encrypted
from didcomm.secrets.secrets_resolver import Secret
from didcomm.secrets.secrets_resolver_in_memory import SecretsResolverInMemory
from didcomm.unpack import unpack


def resolvers(request):
    secrets = [
        Secret(
            jwk["kid"],
            VerificationMethodType.JSON_WEB_KEY_2020,
            VerificationMaterial(VerificationMaterialFormat.JWK, json.dumps(jwk)),
        )
        for jwk in request["secrets"]
    ]
    documents = [DIDDoc.deserialize(document) for document in request["documents"]]
    return ResolversConfig(SecretsResolverInMemory(secrets), DIDResolverInMemory(documents))


async def answer(request):
    known = resolvers(request)
    if "unpack" in request:
        opened = await unpack(known, request["unpack"])
        metadata = {
            name: getattr(opened.metadata, name)
            for name in ("encrypted", "authenticated", "encrypted_from", "sign_from")
        }
        return {"message": opened.message.as_dict(), "metadata": metadata}
    packed = await pack_encrypted(
        known,
        request["pack"],
        request["to"],
        request.get("from"),
        request.get("sign"),
        PackEncryptedConfig(protect_sender_id=request.get("protect", False), forward=False),
    )
    return {"packed": json.loads(packed.packed_msg)}


def main():
    for line in sys.stdin:
        try:
            answered = asyncio.run(answer(json.loads(line)))
        except Exception as error:
            answered = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answered), flush=True)


if __name__ == "__main__":
    main()

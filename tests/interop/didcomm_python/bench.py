"""Run by the library's own Python for `chancery bench --didcomm`: one JSON line in, one JSON line out.

{"documents": [...], "secrets": [...], "message": {...}, "from": did, "to": did, "seconds": CPU seconds, "windows": n}
"""

import asyncio
import gc
import json
import sys
import time
from importlib.metadata import version

from didcomm.message import Message
from didcomm.pack_encrypted import PackEncryptedConfig, pack_encrypted
from didcomm.unpack import unpack
from peer import resolvers


async def rate(act, seconds, windows):
    best = 0.0
    for _ in range(windows):
        count, started = 0, time.process_time()
        while (now := time.process_time()) < started + seconds / windows or not count:
            for _ in range(20):
                await act()
            count += 20
        best = max(best, count / (now - started))
    return best


async def main(asked):
    known, plan = resolvers(asked), (asked["seconds"], asked["windows"])
    config = PackEncryptedConfig(forward=False)
    message = Message(**{"id": "1", "type": asked["message"]["type"], "body": asked["message"]["body"],
                         "frm": asked["from"], "to": [asked["to"]]})  # fmt: skip

    async def pack():
        return await pack_encrypted(known, message, asked["to"], asked["from"], pack_config=config)

    packed = (await pack()).packed_msg
    opened = await unpack(known, packed)
    if opened.message.body != message.body or not opened.metadata.authenticated:
        raise ValueError("what was packed is not what was opened")
    gc.collect()
    gc.freeze()
    rates = {"pack": await rate(pack, *plan), "unpack": await rate(lambda: unpack(known, packed), *plan)}
    return {"by": f"didcomm {version('didcomm')}", **rates}


print(json.dumps(asyncio.run(main(json.loads(sys.stdin.readline())))), flush=True)

"""The conformance suite against a script of ours on another vendor's agent: start the one, run the other."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.interop.credo.install import install

STARTS_WITHIN, ENDS_WITHIN = 60, 600


@asynccontextmanager
async def credo(script: str, folder: Path, *words: str) -> AsyncIterator[dict[str, Any]]:
    """What the script of tests/interop/credo says when it is ready; its store is in the folder."""
    scripts, node = await asyncio.to_thread(install)
    store = folder / "store"
    await asyncio.to_thread(store.mkdir)
    command = (str(scripts / script), "--store", str(store), *words)
    process = await asyncio.create_subprocess_exec(node.node, *command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    try:
        ready: dict[str, Any] = json.loads(await asyncio.wait_for(process.stdout.readline(), STARTS_WITHIN))
        yield ready
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def examined(plan: str, folder: Path, text: str) -> dict[str, dict[str, Any]]:
    """Every finding by its check, as the command reports them for this target file; some check fails."""
    target, report = folder / "target.toml", folder / "found.json"
    await asyncio.to_thread(target.write_text, text)
    words = ("-m", "conformance", "run", "--plan", plan, "--target", str(target), "--json", str(report))
    run = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.DEVNULL)
    assert await asyncio.wait_for(run.wait(), ENDS_WITHIN) == 1
    findings = json.loads(await asyncio.to_thread(report.read_text))["findings"]
    return {one["check"]: one for one in findings}

"""Sphereon's client as a wallet: one process for each step, as it would be on a telephone that was put away between."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.interop.credo.install import Node
from tests.interop.npm import install_beside

ENDS_WITHIN = 60


def install() -> tuple[Path, Node]:
    """The script with its packages in reach, and the Node to run it with. Raises CannotInstall."""
    return install_beside(Path(__file__).resolve().parent, "wallet.mjs")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client concluded."""

    ok: bool
    result: dict[str, Any]
    error: str


async def sphereon(command: str, **arguments: Any) -> Answer:
    """Run one command of `wallet.mjs`."""
    script, node = await asyncio.to_thread(install)
    process = await asyncio.create_subprocess_exec(
        *(node.node, str(script)), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    request = json.dumps({"command": command, **arguments}).encode()
    printed, _ = await asyncio.wait_for(process.communicate(request), ENDS_WITHIN)
    answer = json.loads(printed)
    return Answer(answer["ok"], answer.get("result", {}), answer.get("error", ""))

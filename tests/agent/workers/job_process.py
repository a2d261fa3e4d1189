"""A worker process of a test: one schedule that comes round every second, and takes longer than that.

Arguments: connection string, file that says who ran when. Ends when standard input does.
"""

import asyncio
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from agent.scope.jobs import Schedule
from agent.storage.database import open_pool
from agent.workers.jobs import Jobs

SECONDS = 1.3


async def main(dsn: str, told: Path) -> None:
    """Until standard input ends."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()

    def wait() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(stopping.set)

    threading.Thread(target=wait, daemon=True).start()

    def say(word: str) -> None:
        with open(told, "a", encoding="ascii") as file:  # one write of one short line: never torn
            file.write(f"{os.getpid()} {word} {time.monotonic()}\n")

    async def act() -> None:
        say("begins")
        await asyncio.sleep(SECONDS)
        say("ends")

    async with await open_pool(dsn, 2, "agent_maint") as maint:
        nobody: Any = None
        each_second = (Schedule("often", "* * * * * */1", "of a test"),)
        await Jobs(dsn, maint, nobody, {"often": act}, {}, each_second).run(stopping, heartbeat=0.2, stalled=1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))

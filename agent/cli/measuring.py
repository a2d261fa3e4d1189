"""`chancery bench`: what one issuance and one verification cost, measured on a server of its own."""

import asyncio
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp
import click

from agent.cli.attested_load import AttestedFlows
from agent.cli.client import json_flag, show, stop
from agent.cli.load import Flows, run
from agent.cli.measuring_didcomm import MessageFlow, measure_didcomm
from agent.cli.measuring_didcomm import lines as envelope_lines
from agent.cli.measuring_formats import lines, measure_formats
from agent.cli.measuring_integrity import line as integrity_line
from agent.cli.measuring_integrity import measure as measure_integrity
from agent.cli.measuring_status import lines as status_lines
from agent.cli.measuring_status import measure_status_lists

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = Path("docs/performance.md")
_MARK = "<!-- measured by `chancery bench --write` -->\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """One flow: how often it ran, and in a second; its cost to the server process, its latency."""

    flow: str
    flows: int
    per_second: float
    cpu_ms: float
    queries: float
    commits: float
    p50_ms: float
    p99_ms: float


@click.command()
@click.option("--seconds", type=click.FloatRange(1, 600), default=10)
@click.option("--concurrency", type=click.IntRange(1, 512), default=32)
@click.option("--write", is_flag=True, help="Keep the figures in docs/performance.md.")
@click.option("--formats", is_flag=True, help="What formats and proofs cost beside their signatures, without a server.")
@click.option("--didcomm", is_flag=True, help="What DIDComm envelopes cost, without a server.")
@click.option("--status-lists", is_flag=True, help="What status lists of a million places cost, without a server.")
@json_flag
def bench(
    seconds: float, concurrency: int, write: bool, formats: bool, didcomm: bool, status_lists: bool, as_json: bool
) -> None:
    """Measure CPU, queries and commits per flow on a server in a temporary folder."""
    if status_lists:
        lists = measure_status_lists()
        show({"status_lists": [asdict(one) for one in lists]}, as_json, status_lines(lists))
        return
    if formats:
        costs, proofs = measure_formats(seconds), measure_integrity(seconds)
        figures = {"formats": [asdict(one) | {"factor": one.factor} for one in costs], "data_integrity": asdict(proofs)}
        show(figures, as_json, f"{lines(costs)}\n{integrity_line(proofs)}")
        return
    if didcomm:
        envelopes = measure_didcomm(seconds)
        show({"didcomm": [asdict(one) for one in envelopes]}, as_json, envelope_lines(envelopes))
        return
    with tempfile.TemporaryDirectory(prefix="chancery-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        home, port = Path(folder) / "home", _free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CHANCERY_")}
        environment |= {"CHANCERY_HOME": str(home), "CHANCERY_PORT": str(port)}
        server = subprocess.Popen(
            [sys.executable, "-m", "agent.cli", "up"], env=environment, stdout=subprocess.PIPE
        )  # ourselves
        try:
            _wait(server)
            found = asyncio.run(_measure(server.pid, home, f"http://localhost:{port}", concurrency, seconds))
        finally:
            server.terminate()
            server.wait(30)
    told = [_line(one) for one in found]
    if write:
        _keep(found, concurrency)
    show({"concurrency": concurrency, "flows": [asdict(one) for one in found]}, as_json, "\n".join(told))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: "subprocess.Popen[bytes]") -> None:
    for line in server.stdout or ():
        if b"is ready" in line:
            return
    stop("the server did not become ready")


async def _measure(pid: int, home: Path, base: str, concurrency: int, seconds: float) -> list[Measured]:
    api_key, operator = [(home / name).read_text().strip() for name in ("admin.key", "operator.key")]
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        flows = Flows(session, base, api_key)
        attested = AttestedFlows(flows)
        credential = await flows.issuance()

        found = []
        for name, flow in (
            ("issuance", flows.issuance),
            ("issuance, DPoP", partial(flows.issuance, bound=True)),
            ("verification, direct_post", partial(flows.verification, credential, "direct_post")),
            ("verification, direct_post.jwt", partial(flows.verification, credential, "direct_post.jwt")),
            ("DIDComm message, 1 KiB", MessageFlow(session, base)),
            ("sign-in by password, HAIP", attested.sign_in),
            ("issuance, HAIP, signed in", attested.issuance),
        ):
            if flow == attested.sign_in:
                await attested.prepare(concurrency)
            if flow == attested.issuance:  # who signed in last; there are no more of them
                await attested.issuance()
            else:
                await run(flow, concurrency, 2)
            before = _cpu(pid), await _counters(session, base, operator)
            started = time.monotonic()
            took = sorted(await run(flow, concurrency, seconds))
            after = _cpu(pid), await _counters(session, base, operator)
            queries, commits = (b - a for a, b in zip(before[1], after[1], strict=True))
            count = len(took)
            found.append(
                Measured(
                    flow=name,
                    flows=count,
                    per_second=round(count / (time.monotonic() - started), 1),
                    cpu_ms=round((after[0] - before[0]) * 1000 / count, 2),
                    queries=round(queries / count, 1),
                    commits=round(commits / count, 1),
                    p50_ms=round(took[count // 2] * 1000, 1),
                    p99_ms=round(took[int(count * 0.99)] * 1000, 1),
                )
            )
    return found


def _cpu(pid: int) -> float:
    """CPU seconds, user and system, of the process that serves HTTP: the child of `up` that is named so."""
    total = 0.0
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if b"serve" in Path(f"/proc/{child}/cmdline").read_bytes():
            fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / _TICK
    return total


async def _counters(session: aiohttp.ClientSession, base: str, operator: str) -> tuple[float, float]:
    """Statements and commits so far, from the server's own metrics."""
    headers = {"Authorization": f"Bearer {operator}"}
    async with session.get(f"{base}/api/v1/metrics", headers=headers) as answer:
        text = await answer.text()
    found = dict(re.findall(r"^(chancery_(?:statements|commits)_total) (\S+)$", text, re.M))
    return float(found["chancery_statements_total"]), float(found["chancery_commits_total"])


def _line(one: Measured) -> str:
    return (
        f"{one.flow:29} {one.cpu_ms:6.2f} ms CPU  {one.queries:5.1f} queries  {one.commits:4.1f} commits  "
        f"p50 {one.p50_ms:6.1f} ms  p99 {one.p99_ms:6.1f} ms  {one.per_second:6.1f} a second"
    )


def _keep(found: list[Measured], concurrency: int) -> None:
    """Put the newest figures first, with machine and date."""
    machine = f"{os.cpu_count()} cores, {_memory()} GiB, {platform.machine()}, Python {platform.python_version()}"
    rows = "\n".join(
        f"| {one.flow} | {one.cpu_ms:.2f} | {one.queries:.1f} | {one.commits:.1f} | {one.p50_ms:.1f} "
        f"| {one.p99_ms:.1f} | {one.per_second:.1f} |"
        for one in found
    )
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    text = (
        f"{_MARK}\n### {datetime.now(UTC):%Y-%m-%d}: {machine}\n\nConcurrency {concurrency}, one server process, "
        f"load average {load}.\n\n| flow | CPU ms | queries | commits | p50 ms | p99 ms | a second |\n"
        f"| --- | --- | --- | --- | --- | --- | --- |\n{rows}\n"
    )
    page = _PAGE.read_text(encoding="utf-8") if _PAGE.exists() else f"# Performance\n\n{_MARK}"
    _PAGE.write_text(page.replace(_MARK, text, 1), encoding="utf-8")


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)

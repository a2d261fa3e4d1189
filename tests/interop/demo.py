"""`make demo`: another vendor's wallet gets credentials and presents them.

Uses the server that `make run` keeps going, or starts one of its own. Ends 0 only if every step succeeded.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from tests.interop.credo.install import install
from tests.interop.peers import CredoWallet, WalletRefused
from tests.interop.server import ROOT, Commands, Server, running
from tests.interop.story import Presented, Tenant, present, repeat

HOME = Path(os.environ.get("CHANCERY_HOME", ROOT / ".chancery")).resolve()


class Unexpected(Exception):
    """A step ended otherwise than it should."""


@contextmanager
def step(what: str) -> Iterator[list[str]]:
    """Print one step when it is done: a mark, what it was, how long it took, and notes of its own."""
    started, notes = time.monotonic(), list[str]()
    print(f"  … {what}", end="\r", flush=True)
    try:
        yield notes
    except BaseException as error:
        print(f"  ✗ {what} ({time.monotonic() - started:.2f} s): {error}")
        raise
    told = f": {', '.join(notes)}" if notes else ""
    print(f"  ✓ {what} ({time.monotonic() - started:.2f} s){told}", flush=True)


def require(held: bool, otherwise: str) -> None:
    if not held:
        raise Unexpected(otherwise)


@asynccontextmanager
async def a_server() -> AsyncIterator[Commands]:
    if url := await running(HOME):
        with step("a server is running") as notes:
            notes.append(url)
        yield Commands(HOME)
        return
    server = Server()
    with step("no server is running; start one in a folder of its own") as notes:
        await server.__aenter__()
        notes.append(server.url)
    try:
        yield server.commands
    finally:
        await server.__aexit__(None, None, None)


async def the_tenant(commands: Commands) -> Tenant:
    with step("the tenant demo and its trust anchor") as notes:
        tenants = (await commands("tenant", "list"))["items"]
        require(any(one["name"] == "demo" for one in tenants), f"there is no tenant demo among {tenants}")
        anchor = (await commands("ca"))["pem"]
        url = (commands.home / "url").read_text(encoding="utf-8").strip().rstrip("/")
        tenant = Tenant(commands, f"{url}/t/demo", anchor)
        notes.append(await tenant.vct("pid"))
    return tenant


async def issue(tenant: Tenant, wallet: CredoWallet) -> str:
    """`chancery offer pid`, taken by the wallet; the issuance it came from."""
    with step("issue: pre-authorized code") as notes:
        offer = await tenant.offer()
        answer = await wallet.accept_offer(offer["credential_offer_uri"], trust=tenant.anchor)
        (credential,) = answer.result["credentials"]
        require(len(await wallet.list()) == 1, "the wallet holds something else")
        notes.append(", ".join(sorted(set(credential["claims"]) - {"cnf", "iat", "exp", "nbf", "status"})))
    return str(offer["issuance_id"])


async def issue_with_code(tenant: Tenant, wallet: CredoWallet) -> None:
    with step("issue: with a transaction code, a wrong one refused first"):
        offer = await tenant.offer("--tx-code")
        code, uri = str(offer["tx_code"]), offer["credential_offer_uri"]
        wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
        try:
            await wallet.accept_offer(uri, trust=tenant.anchor, tx_code=wrong)
        except WalletRefused as refused:
            require(refused.last.status == 400, f"a wrong code was answered {refused.last.status}")
        else:
            raise Unexpected("a wrong code was taken")
        await wallet.accept_offer(uri, trust=tenant.anchor, tx_code=code)


async def show(tenant: Tenant, wallet: CredoWallet, folder: Path, prefix: str, mode: str, whose: str) -> Presented:
    with step(f"present and verify: {whose}, {prefix}, {mode}") as notes:
        presented = await present(tenant, wallet, folder, prefix, mode)
        state = presented.result["state"]
        require(state == "verified", f"{state}; {presented.refusal}")
        notes.append(state)
    return presented


async def replay(presented: Presented) -> None:
    with step("the same response once more is refused") as notes:
        status, answer = await repeat(presented.response)
        require(status == 400, f"answered {status}: {answer[:200]}")
        notes.append(f"{status} {answer.strip()}")


async def revoke(tenant: Tenant, wallet: CredoWallet, folder: Path, issuance: str) -> None:
    with step("revoke the first credential"):
        await tenant.commands("revoke", issuance)
    with step("a revoked credential is refused") as notes:
        presented = await present(tenant, wallet, folder, "x509_hash", "direct_post.jwt")
        require(presented.result["state"] == "refused", f"the verifier said {presented.result['state']}")
        require(presented.refusal is not None, "the wallet was told that all is well")
        notes.append(f"{presented.response.status}")


async def demo() -> None:
    async with AsyncExitStack() as stack:
        with step("the Credo wallet is installed") as notes:
            _, node = await asyncio.to_thread(install)
            notes.append(f"Node {node.version}")
        tenant = await the_tenant(await stack.enter_async_context(a_server()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with step("two wallets are started"):
            first, second = await asyncio.gather(
                stack.enter_async_context(CredoWallet()), stack.enter_async_context(CredoWallet())
            )
        issuance = await issue(tenant, first)
        await issue_with_code(tenant, second)
        presented = await show(tenant, first, folder, "x509_hash", "direct_post.jwt", "first wallet")
        await replay(presented)
        presented = await show(tenant, first, folder, "redirect_uri", "direct_post", "first wallet")
        await replay(presented)
        await revoke(tenant, first, folder, issuance)
        await show(tenant, second, folder, "x509_hash", "direct_post.jwt", "second wallet")


def main() -> int:
    """Run the demo and say how it ended; the exit code. The step that failed has said why."""
    started = time.monotonic()
    try:
        asyncio.run(demo())
    except (Exception, KeyboardInterrupt) as error:
        print(f"The demo failed after {time.monotonic() - started:.1f} s ({type(error).__name__}).", file=sys.stderr)
        return 1
    print(f"All steps succeeded in {time.monotonic() - started:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Credo issues, holds, asks and proves over DIDComm version 1, with us on the other side."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.agent.messaging.pair import Pair, connected
from tests.agent.operations.test_ldp_vc import CLAIMS, LEGACY, OLDER_OB, V1, configured
from tests.houses import Site
from tests.interop.didcomm_peer import CredoAgent


class Conversation:
    """Alpha and a Credo agent that are connected, and alpha's worker."""

    def __init__(self, pair: Pair, credo: CredoAgent, theirs: str) -> None:
        self.pair, self.credo, self.theirs = pair, credo, theirs

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        return await self.pair.call(self.pair.site.alpha, method, path, body)

    async def until(self, thread: str, state: str) -> Any:
        for _ in range(300):
            found = await self.call("GET", f"/didcomm/threads/{thread}")
            if found["state"] == state:
                return found
            assert found["state"] != "abandoned", found
            await asyncio.sleep(0.1)
        raise AssertionError(found)

    async def coming(self, protocol: str, state: str) -> Any:
        """A thread that the peer begins."""
        for _ in range(300):
            for one in await self.pair.threads(self.pair.site.alpha, protocol):
                if one["state"] == state:
                    return one
            await asyncio.sleep(0.1)
        raise AssertionError("nothing came")


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"fetch_allow": "localhost"}


@pytest.fixture
async def talk(site: Site, credo_installed: None) -> AsyncIterator[Conversation]:
    await configured(site)
    async with CredoAgent() as credo, connected(site, 1) as pair:
        worker = asyncio.create_task(_deliver(pair))
        made = await pair.call(site.alpha, "POST", "/didcomm/invitations", {"version": 1})
        theirs = await credo("receive-invitation", url=made["url"])
        pair.contacts[site.alpha.name] = made["id"]
        yield Conversation(pair, credo, theirs["connection"])
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


async def _deliver(pair: Pair) -> None:
    while True:
        await pair.deliver()
        await asyncio.sleep(0.1)


def badge(issuer: str, subject: str | None = None) -> dict[str, Any]:
    now = datetime.now(UTC).replace(microsecond=0)
    return {
        "@context": [V1, OLDER_OB, LEGACY],
        "id": f"urn:uuid:{uuid4()}",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": issuer,
        "issuanceDate": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "expirationDate": (now + timedelta(days=300)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "credentialSubject": {**({"id": subject} if subject else {}), **CLAIMS},
    }


async def test_credo_is_issued_to_and_issues(talk: Conversation) -> None:
    credo, alpha = talk.credo, talk.pair.site.alpha
    did = (await credo("did"))["did"]
    body = {"credential_configuration_id": "credo", "claims": CLAIMS, "holder": did}
    made = await talk.call("POST", f"/didcomm/contacts/{talk.pair.contacts[alpha.name]}/credential-offers", body)
    await talk.until(made["id"], "done")
    kept = await credo("credential", state="done")
    assert kept["kept"] == 1
    assert kept["credential"]["credentialSubject"]["id"] == did

    offered = await credo("offer", connection=talk.theirs, credential=badge(did), proof_type="Ed25519Signature2018")
    thread = await talk.coming("issue-credential", "offer-received")
    await talk.call("POST", f"/didcomm/threads/{thread['id']}/credential-request", {})
    done = await talk.until(thread["id"], "done")
    assert (await credo("credential", thread=offered["thread"], state="done"))["state"] == "done"
    (held,) = (await talk.call("GET", "/didcomm/credentials"))["items"]
    assert (held["id"], held["issuer"]) == (done["data"]["credential"], did)
    assert held["credential"]["proof"]["type"] == "Ed25519Signature2018"

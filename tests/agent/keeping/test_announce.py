"""What ends or falls due is renewed or told: in the record, by mail to a server on loopback, each once."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from agent.mail import Mailer, NotSent
from agent.operations.keeping.announce import announce, renew_issuer
from agent.scope.settings import Letter
from agent.storage.database import open_pool
from agent.workers.notifications import Notifications
from tests.houses import Clock, Site, free_port


class Post:
    """Takes what is posted, refusing as often as told."""

    def __init__(self) -> None:
        self.refuse, self.taken = 0, []  # type: ignore[var-annotated]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.refuse:
            self.refuse -= 1
            return "451 later"
        self.taken.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 taken"


@pytest.fixture
def post() -> Iterator[tuple[Post, str]]:
    """A mail server and its address."""
    handler, port = Post(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, f"smtp://127.0.0.1:{port}"
    controller.stop()


async def _send(site: Site, url: str) -> None:
    async with await open_pool(site.database.addresses.maint, 2, "agent_maint") as maint:
        await Notifications(maint, site.house.scope_of, Mailer(url, "chancery@example.org"))()


async def test_keys_that_end_and_reviews_that_are_due_are_told_by_mail(
    site: Site, clock: Clock, post: tuple[Post, str]
) -> None:
    handler, url = post
    told = {"mail": ["keys@example.org"], "events": ["key.expiring", "compliance.due"]}
    assert (await site.api("PATCH", "/configuration", {"notifications": told}))[0] == 204
    review = datetime.now(UTC) + timedelta(days=3 * 365 - 30)
    body = {"regulation": "continuity", "requirement": "drill", "status": "compliant", "evidence": []}
    body |= {"assessed_at": datetime.now(UTC).isoformat(), "next_review": review.isoformat()}
    assert (await site.api("PUT", "/compliance-records", body))[0] == 204
    await announce(await site.scope())
    await _send(site, url)
    assert handler.taken == []
    clock.forward(days=3 * 365 - 30)  # what was made today for three years ends in 30 days less a moment
    clock.forward(hours=1 - 2)
    site.house.cache.clear()
    assert await renew_issuer(await site.scope())
    site.house.cache.clear()
    await announce(await site.scope())
    clock.forward(hours=2)
    site.house.cache.clear()
    await announce(await site.scope())
    handler.refuse = 1
    await _send(site, url)
    first = len(handler.taken)
    connection = await site.database.connect_admin()
    await connection.execute("UPDATE outbox SET available_at = now()")
    await connection.close()
    await _send(site, url)
    assert len(handler.taken) == first + 1  # what was refused came later
    texts = "\n".join(text for _, text in handler.taken)
    assert {tuple(to) for to, _ in handler.taken} == {("keys@example.org",)}
    assert "purpose: verifier" in texts
    assert "requirement: drill" in texts
    assert "purpose: issuer" not in texts
    assert len({line for line in texts.splitlines() if line.startswith("Message-ID")}) == len(handler.taken)
    _, events = await site.api("GET", "/audit/events?event_type=compliance.due")
    assert len(events["items"]) == 1
    await announce(await site.scope(site.beta))  # who did not ask is told nothing, and has it on record
    await _send(site, url)
    assert len(handler.taken) == first + 1


async def test_an_issuers_key_is_followed_before_credentials_outlive_its_certificate(site: Site, clock: Clock) -> None:
    before = (await site.scope()).catalogue.key("issuer")
    assert not await renew_issuer(await site.scope())
    clock.forward(days=3 * 365 - 100)  # credentials live 90 days
    site.house.cache.clear()
    assert await renew_issuer(await site.scope())
    site.house.cache.clear()
    scope = await site.scope()
    assert scope.catalogue.key("issuer").kid != before.kid
    assert not await renew_issuer(scope)


async def test_mail_without_tls_leaves_this_machine_never(post: tuple[Post, str]) -> None:
    handler, url = post
    letter = Letter("a.1", ("keys@example.org",), "Subject", "Text")
    await Mailer(url, "chancery@example.org").send(letter)
    assert len(handler.taken) == 1
    port = url.rpartition(":")[2]
    with pytest.raises(NotSent):  # the same server by a name that is not known to be here
        await Mailer(f"smtp://127.0.0.2:{port}", "chancery@example.org").send(letter)
    with pytest.raises(NotSent):
        await Mailer(f"smtp://127.0.0.1:{free_port()}", "chancery@example.org").send(letter)
    assert len(handler.taken) == 1
    for wrong in (("http://mail", "a@b.c"), ("smtp://", "a@b.c"), ("smtp://mail", "nobody")):
        with pytest.raises(ValueError, match="CHANCERY_SMTP_URL"):
            Mailer(*wrong)
    await asyncio.sleep(0)

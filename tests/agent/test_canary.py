"""Personal data, codes and tokens are nowhere in clear: every table, log line, metric and trace is read for canaries."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent import telemetry
from tests.deferring import Desk
from tests.houses import Site
from tests.wallets import Wallet, code_of

CANARY = "Zanzibar-Quetzal-4711"
CLAIMS = {"given_name": f"{CANARY}-given", "family_name": f"{CANARY}-family", "email": f"{CANARY}@example.org"}
SUBJECT = f"subject-{CANARY}"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Path]:
    """Logs and traces of everything, in a file."""
    path = tmp_path / "telemetry.txt"
    handler = logging.FileHandler(path)
    handler.setFormatter(telemetry._JsonFormatter())
    root, level = logging.getLogger(), logging.getLogger("chancery").level
    root.addHandler(handler)
    logging.getLogger("chancery").setLevel("DEBUG")
    telemetry._start_tracing(str(tmp_path / "traces.txt"))
    yield path
    telemetry._tracer = None
    root.removeHandler(handler)
    logging.getLogger("chancery").setLevel(level)


async def every_value(site: Site, admin: Any) -> Iterator[str]:
    """Every row of every table as text, byte columns as the bytes they hold."""
    tables = await admin.fetch(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE relnamespace = 'agent'::regnamespace AND relkind = 'r'"
    )
    found = []
    for (table,) in tables:
        for row in await admin.fetch(f"SELECT * FROM {table}"):
            for value in row.values():
                found.append(value.decode("latin-1") if isinstance(value, bytes) else str(value))
    return iter(found)


async def story(site: Site, wallet: Wallet) -> list[str]:
    """One person's way through every flow, mishaps included; the secrets that were in it."""
    body = {"credential_configuration_ids": ["pid"], "claims": CLAIMS, "subject": SUBJECT, "tx_code": True}
    _, made = await site.api("POST", "/credential-offers", body, None, **{"Idempotency-Key": CANARY})
    given = await wallet.offer(made["credential_offer_uri"])
    await wallet.token(given, f"{CANARY}-wrong")
    token = (await wallet.token(given, made["tx_code"])).body["access_token"]
    issuer = given["credential_issuer"]
    nonce = await wallet.nonce(issuer)
    await wallet.credential(issuer, token, {"jwt": [wallet.proof(issuer, nonce, aud=CANARY)]})
    issued = await wallet.credential(issuer, token, {"jwt": [wallet.proof(issuer, nonce)]})
    credential = issued.body["credentials"][0]["credential"]
    notice = {"notification_id": CANARY, "event": "credential_accepted", "event_description": CANARY}
    await wallet.send("POST", f"{issuer}/notification", json=notice, headers={"Authorization": f"Bearer {token}"})
    secrets = [token, code_of(given), made["credential_offer_uri"].rsplit("%2F", 1)[1], nonce]
    for names in ({"given_name", "email"}, {"given_name"}):
        claims = [{"path": ["given_name"]}, {"path": ["email"], "values": [CLAIMS["email"]]}]
        meta = {"vct_values": ["urn:eudi:pid:1"]}
        query = {"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": meta, "claims": claims[:1]}]}
        _, asked = await site.api("POST", "/presentation-requests", {"dcql_query": query})
        request = await wallet.request(asked["authorization_request_uri"])
        changes = {} if "email" in names else {"nonce": CANARY}
        presentation = wallet.presentation(credential, request, names, **changes)
        await wallet.respond(request, {"a": [presentation]})
        secrets += [request["nonce"], request["state"], presentation.rsplit("~", 1)[1]]
        _, result = await site.api("GET", f"/presentation-requests/{asked['presentation_id']}")
        assert (CANARY in json.dumps(result)) == ("email" in names)
    secrets += await what_waits(site)
    await site.api("POST", "/credential-offers", {**body, "claims": {**CLAIMS, "birthdate": CANARY}})
    await site.api("GET", f"/credential-offers/{CANARY}")
    await wallet.send("GET", f"{issuer}/credential-offers/{CANARY}")
    await wallet.send("POST", f"{issuer}/token", data={"grant_type": CANARY})
    key = site.alpha.api_key
    return [*secrets, key.rsplit("_", 1)[1]]


async def what_waits(site: Site) -> list[str]:
    """An upload with a bad line and a good one, a deferral, an approval, a delivery; the secrets that were in it."""
    desk = Desk(site)
    await desk.configure(claim_source={"kind": "table", "settings": {"table": "people"}})
    headers = {"Authorization": f"Bearer {site.alpha.api_key}", "Content-Type": "text/csv"}
    for value in (f"={CANARY}", CANARY):
        text = f"subject,given_name\n{SUBJECT},{value}"
        async with site.session.put(f"{site.url}/api/v1/claim-tables/people", data=text, headers=headers) as answer:
            assert CANARY not in await answer.text()
    await desk.policy()
    taker = await desk.taker(subject=SUBJECT)
    transaction_id = str((await taker.ask()).body["transaction_id"])
    await taker.come_back(f"{CANARY}-{transaction_id}")
    await desk.approve(claims=CLAIMS)
    await desk.later()
    assert (await taker.come_back(transaction_id)).status == 200
    await desk.configure(claim_source=None, policy=None)
    return [taker.token, transaction_id]


async def test_canaries_are_nowhere(site: Site, watched: Path, tmp_path: Path) -> None:
    secrets = [CANARY, *await story(site, Wallet(site.session))]
    admin = await site.database.connect_admin()
    try:
        rows = list(await every_value(site, admin))
    finally:
        await admin.close()
    assert len(rows) > 500
    traces = (tmp_path / "traces.txt").read_text()
    assert "request" in traces
    logs, metrics = watched.read_text(), telemetry.metrics().decode()
    assert "refused" in logs
    for secret in secrets:
        found = [name for name, text in (("logs", logs), ("traces", traces), ("metrics", metrics)) if secret in text]
        found += ["tables"] if any(secret in row for row in rows) else []
        assert not found, f"{secret[:6]}... is in {found}"


async def test_the_search_would_find_a_canary(site: Site) -> None:
    admin = await site.database.connect_admin()
    try:
        await admin.execute("UPDATE tenants SET display_name = $1 WHERE name = 'alpha'", CANARY)
        assert any(CANARY in row for row in await every_value(site, admin))
    finally:
        await admin.close()

"""DIDComm as the operator sees it, through the admin API and the command."""

import asyncio
import json
from typing import Any

from click.testing import CliRunner

from agent.cli.main import main
from tests.houses import Site


async def call(site: Site, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
    status, answer = await site.api(method, path, body, key)
    assert status in (200, 201), answer
    return answer


async def test_an_invitation_of_either_version_is_a_url_with_its_message(site: Site) -> None:
    for version, type_ in ((1, "@type"), (2, "type")):
        made = await call(site, "POST", "/didcomm/invitations", {"version": version, "goal_code": "connect"})
        assert made["invitation"][type_].startswith("https://didcomm.org/out-of-band/")
        assert made["url"].startswith(f"{site.url}/t/{site.alpha.name}/didcomm?")
        assert made["qr_svg"].startswith("<svg")
        contact = await call(site, "GET", f"/didcomm/contacts/{made['id']}")
        assert (contact["version"], contact["state"]) == (version, "invited")
        async with site.session.get(made["short_url"]) as answer:
            assert await answer.json() == made["invitation"]
    listed = await call(site, "GET", "/didcomm/contacts")
    assert [one["version"] for one in listed["items"]] == [2, 1]


async def test_what_is_refused_says_why(site: Site) -> None:
    status, problem = await site.api("POST", "/didcomm/contacts", {"url": "https://example.com/?nothing=1"})
    assert (status, problem["code"]) == (400, "invalid_invitation")
    status, problem = await site.api("POST", "/didcomm/invitations", {"version": 3})
    assert status in (400, 422)
    none = "00000000-0000-7000-8000-000000000000"
    for method, path, body in (
        ("GET", f"/didcomm/contacts/{none}", None),
        ("GET", f"/didcomm/threads/{none}", None),
        ("GET", f"/didcomm/contacts/{none}/messages", None),
        ("POST", f"/didcomm/contacts/{none}/messages", {"content": "Grüezi"}),
        ("POST", f"/didcomm/contacts/{none}/pings", {}),
    ):
        assert (await site.api(method, path, body))[0] == 404


async def test_another_tenants_contacts_are_nobodys(site: Site) -> None:
    made = await call(site, "POST", "/didcomm/invitations", {"version": 1})
    status, _ = await site.api("GET", f"/didcomm/contacts/{made['id']}", key=site.beta.api_key)
    assert status == 404


async def test_a_contact_is_made_and_its_thread_is_shown(site: Site) -> None:
    for version in (1, 2):
        made = await call(site, "POST", "/didcomm/invitations", {"version": version})
        taken = await call(site, "POST", "/didcomm/contacts", {"url": made["url"]}, site.beta.api_key)
        threads = await call(site, "GET", f"/didcomm/threads?contact={taken['id']}", key=site.beta.api_key)
        shown = await call(site, "GET", f"/didcomm/threads/{threads['items'][0]['id']}", key=site.beta.api_key)
        assert shown["contact"] == taken["id"]
        assert [one["direction"] for one in shown["messages"]] == ["out"]


async def test_the_command_invites_takes_and_talks(site: Site) -> None:
    async def run(key: str, *words: str) -> Any:
        environment = {"CHANCERY_URL": site.url, "CHANCERY_API_KEY": key}
        ran = await asyncio.to_thread(CliRunner().invoke, main, ["didcomm", *words, "--json"], env=environment)
        assert ran.exit_code == 0, ran.output
        return json.loads(ran.output)

    alpha, beta = site.alpha.api_key, site.beta.api_key
    for version in ("1", "2"):
        made = await run(alpha, "invite", "--version", version)
        assert {"url", "invitation"} <= made.keys()
        taken = await run(beta, "accept", made["url"])
        contact = next(one for one in (await run(beta, "contacts"))["items"] if one["id"] == taken["id"])
        assert contact["version"] == int(version)
        said = await run(beta, "send", taken["id"], "Grüezi")
        asked = await run(beta, "ping", taken["id"])
        shown = await run(beta, "threads", said["id"])
        assert shown["messages"][0]["body"]["content"] == "Grüezi"
        assert asked["id"] in {one["id"] for one in (await run(beta, "threads"))["items"]}
        assert [one["body"]["content"] for one in (await run(beta, "messages", taken["id"]))["items"]] == ["Grüezi"]


def test_the_command_has_every_verb() -> None:
    shown = CliRunner().invoke(main, ["didcomm", "--help"])
    assert shown.exit_code == 0
    talking = ("invite", "accept", "contacts", "send", "ping", "messages", "threads")
    exchanging = ("offer", "propose", "request", "issue", "decline", "credentials", "request-proof", "present")
    for verb in (*talking, *exchanging):
        assert f"  {verb} " in shown.output

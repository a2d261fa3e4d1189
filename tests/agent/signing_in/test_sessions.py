"""A sign-in's session: how long it lives, who ends it, and what a guesser of passwords learns (A9, B21, L12)."""

import asyncio
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from uuid import UUID

import pytest

from agent.operations.administering.sessions import InvalidStartCode, begin_session, create_start_code
from agent.operations.signing_in.browser_session import Browser
from agent.operations.signing_in.enrolment import InvalidEnrolmentLink, begin_enrolment, create_enrolment_link
from agent.tenancy import Tenant
from agent.web.authorization import onward
from tests.authorizing import Person, csrf_of
from tests.courts import Court
from tests.houses import Clock


async def signed_in(court: Court) -> tuple[Person, str]:
    """A person at the consent page."""
    uri = (await court.client().push()).body["request_uri"]
    person = Person(court.site.session, court.issuer)
    _, url, page = await person.begin(client_id="wallet", request_uri=uri)
    status, _, text = await person.sign_in(url, page)
    assert status == 303, text
    assert (await person.go("GET", url))[0] == 200
    return person, url


async def run(court: Court, statement: str) -> str:
    admin = await court.site.database.connect_admin()
    try:
        return str(await admin.execute(statement))
    finally:
        await admin.close()


async def user_id(court: Court) -> str:
    admin = await court.site.database.connect_admin()
    try:
        return str(await admin.fetchval("SELECT user_id FROM agent.sessions ORDER BY created_at DESC LIMIT 1"))
    finally:
        await admin.close()


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE agent.sessions SET expires_at = now() - interval '1 second'",
        "UPDATE agent.sessions SET revoked_at = now()",
        "UPDATE agent.users SET status = 'suspended'",
        "UPDATE agent.authorization_sessions SET expires_at = now() - interval '1 second'",
    ],
)
async def test_b21_a_session_ends_by_time_and_by_revocation(court: Court, ending: str) -> None:
    person, url = await signed_in(court)
    _, _, page = await person.go("GET", url)
    assert await run(court, ending) != "UPDATE 0"
    assert (await person.go("GET", url))[0] == 400
    assert (await person.go("POST", f"{url}/decision", csrf=csrf_of(page), decision="approve"))[0] == 400


async def test_b21_a_session_that_nobody_uses_ends_before_its_time(court: Court, clock: Clock) -> None:
    person, url = await signed_in(court)
    clock.forward(minutes=4)
    assert (await person.go("GET", url))[0] == 200
    clock.forward(minutes=2)
    assert (await person.go("GET", url))[0] == 400


async def test_signed_out_everywhere_is_signed_out_in_every_browser(court: Court) -> None:
    people = [await signed_in(court) for _ in range(2)]
    user = await user_id(court)
    assert (await court.site.api("DELETE", f"/users/{user}/sessions"))[0] == 204
    for person, url in people:
        assert (await person.go("GET", url))[0] == 400
    await signed_in(court)  # and may come in again


async def test_a_suspended_person_is_out_and_comes_back_when_active(court: Court) -> None:
    person, url = await signed_in(court)
    user = await user_id(court)
    assert (await court.site.api("PATCH", f"/users/{user}", {"status": "suspended"}))[0] == 204
    assert (await person.go("GET", url))[0] == 400
    uri = (await court.client().push()).body["request_uri"]
    _, url, page = await person.begin(client_id="wallet", request_uri=uri)
    assert (await person.sign_in(url, page))[0] == 403
    assert (await court.site.api("PATCH", f"/users/{user}", {"status": "active"}))[0] == 204
    await signed_in(court)
    unknown = "00000000-0000-7000-8000-000000000000"
    assert (await court.site.api("PATCH", f"/users/{unknown}", {"status": "active"}))[0] == 404
    assert (await court.site.api("PATCH", f"/users/{user}", {"status": "erased"}))[0] == 422


async def test_twenty_guesses_at_once_are_counted_one_by_one(court: Court) -> None:
    uri = (await court.client().push()).body["request_uri"]
    person = Person(court.site.session, court.issuer)
    _, url, page = await person.begin(client_id="wallet", request_uri=uri)
    form = {"csrf": csrf_of(page), "username": person.email}
    got = await asyncio.gather(*(person.go("POST", f"{url}/sign-in", **form, password="wrong") for _ in range(20)))
    assert {status for status, _, _ in got} == {403}
    admin = await court.site.database.connect_admin()
    counted = await admin.fetchval("SELECT max(failed_attempts) FROM agent.user_authenticators")
    await admin.close()
    assert counted == 5  # the sixth and all after it met a lock
    assert await court.events("password_attempts") == ["password_attempts"]
    assert (await person.sign_in(url, page))[0] == 403  # the right password waits too


async def test_l12_an_unknown_address_looks_and_takes_like_a_known_one(court: Court) -> None:
    uri = (await court.client().push()).body["request_uri"]
    person = Person(court.site.session, court.issuer)
    _, url, page = await person.begin(client_id="wallet", request_uri=uri)
    times: dict[str, list[float]] = {"max@example.org": [], "nobody@example.org": []}
    pages = set()
    for _ in range(3):
        for email, took in times.items():
            began = time.perf_counter()
            status, headers, text = await person.go(
                "POST", f"{url}/sign-in", csrf=csrf_of(page), username=email, password="wrong"
            )
            took.append(time.perf_counter() - began)
            pages.add((status, tuple(sorted(set(headers) - {"Date"})), text))
    assert len(pages) == 1
    known, unknown = (min(took) for took in times.values())  # what else runs here can only make it longer
    assert 0.4 < known / unknown < 2.5  # an account that is not looked at would be ten times as quick
    admin = await court.site.database.connect_admin()
    tried = await admin.fetchval("SELECT count(*) FROM agent.audit_logs WHERE event_type = 'password.tried'")
    await admin.close()
    assert tried == 6  # the same is written for both


async def test_l12_a_passkey_is_asked_for_as_if_every_address_had_one(court: Court) -> None:
    uri = (await court.client().push()).body["request_uri"]
    person = Person(court.site.session, court.issuer)
    _, url, page = await person.begin(client_id="wallet", request_uri=uri)
    seen = []
    for email in ("max@example.org", "nobody@example.org", "nobody@example.org"):
        status, _, text = await person.go("POST", f"{url}/passkey/options", csrf=csrf_of(page), username=email)
        assert status == 200
        seen.append(re.findall(r'"allowCredentials": ?\[\{"id": ?"([\w-]{43})"', text))
    assert [len(one) for one in seen] == [1, 1, 1]
    assert seen[1] == seen[2] != seen[0]


async def test_the_cookie_is_bound_to_the_host_where_there_is_tls(court: Court) -> None:
    scope = await court.site.scope()
    browser = Browser(scope.tenant.id, "secret")
    secure = replace(scope, tenant=Tenant(scope.tenant.id, "alpha", "https://issuer.example/t/alpha"))
    assert list(onward(secure, browser).cookies) == ["__Host-authorization"]
    assert list(onward(scope, browser).cookies) == ["authorization"]
    uri = (await court.client().push()).body["request_uri"]
    url = f"{court.issuer}/authorize?client_id=wallet&request_uri={uri}"
    async with court.site.session.get(url, allow_redirects=False) as answer:
        cookie = SimpleCookie(answer.headers["Set-Cookie"])["authorization"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


async def test_a_link_is_good_once_over_midnight_too(court: Court) -> None:
    """The mark lies in the slot of a day; that day has to stand in the link and not on the clock."""
    scope = await court.site.scope()
    today = datetime.now(UTC).replace(hour=23, minute=59, second=50, microsecond=0)
    evening, morning = (replace(scope, now=lambda at=at: at) for at in (today, today + timedelta(seconds=20)))
    code = (await create_start_code(evening, None)).partition("code=")[2]
    await begin_session(evening, code)
    with pytest.raises(InvalidStartCode):
        await begin_session(morning, code)
    _, user = await court.site.api("POST", "/users", {"email": "otto@example.org"})
    link = (await create_enrolment_link(evening, UUID(user["id"]))).partition("code=")[2]
    await begin_enrolment(evening, link)
    for again in (evening, morning):
        with pytest.raises(InvalidEnrolmentLink):
            await begin_enrolment(again, link)
    with pytest.raises(InvalidEnrolmentLink):
        await begin_enrolment(replace(scope, now=lambda: today + timedelta(days=2)), link)


async def test_a_passkey_answer_without_a_challenge_or_twice_is_refused(court: Court) -> None:
    uri = (await court.client().push()).body["request_uri"]
    person = Person(court.site.session, court.issuer)
    _, url, page = await person.begin(client_id="wallet", request_uri=uri)
    form = {"csrf": csrf_of(page), "credential": "{}"}
    assert (await person.go("POST", f"{url}/passkey", **form))[0] == 400  # none was asked for
    await person.go("POST", f"{url}/passkey/options", csrf=csrf_of(page))
    assert (await person.go("POST", f"{url}/passkey", **form))[0] == 403
    assert (await person.go("POST", f"{url}/passkey", **form))[0] == 400  # spent by the wrong answer
    assert (await person.go("POST", f"{url}/passkeys/options", csrf=csrf_of(page)))[0] == 400  # nobody is signed in


async def test_an_enrolment_link_of_another_tenant_or_for_nobody(court: Court) -> None:
    _, user = await court.site.api("POST", "/users", {"email": "otto@example.org"})
    path = f"/users/{user['id']}/passkey-links"
    assert (await court.site.api("POST", path, {}, key=court.site.beta.api_key))[0] == 404
    _, link = await court.site.api("POST", path, {})
    code = link["url"].partition("code=")[2]
    person = Person(court.site.session, court.site.beta.credential_issuer)
    assert (await person.go("POST", f"{person.issuer}/passkeys", code=code))[0] == 403
    assert (await person.go("POST", f"{court.issuer}/passkeys", code=code[:-2] + "AA"))[0] == 403

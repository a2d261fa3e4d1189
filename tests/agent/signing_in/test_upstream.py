"""Sign-in at an identity provider: what is believed of it, and of the browser (OpenID Connect Core 1.0, 3.1.3.7)."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.agent.signing_in.conftest import add
from tests.authorizing import Person, answer_of, csrf_of
from tests.courts import Court
from tests.openid_providers import Forger
from tests.wallets import HolderKey, claims_of, header_of, unb64


class Walk:
    """One person's way from the wallet to the provider and back."""

    def __init__(self, court: Court, provider: Forger, added: dict[str, Any]) -> None:
        self.court, self.provider, self.added = court, provider, added
        self.client = court.client()
        self.person = Person(court.site.session, court.issuer)

    async def leave(self, **changes: str) -> str:
        """To the provider: the address that the page leads to."""
        uri = (await self.client.push(**changes)).body["request_uri"]
        _, self.url, page = await self.person.begin(client_id="wallet", request_uri=uri)
        assert "Sign in with The Office" in page
        _, _, page = await self.person.go("POST", f"{self.url}/upstream", csrf=csrf_of(page), provider=self.added["id"])
        start = page.index('href="', page.index('id="leave"')) + 6
        return page[start : page.index('"', start)].replace("&amp;", "&")

    async def come_back(self, answer: dict[str, str], added: dict[str, Any] | None = None) -> tuple[int, str, str]:
        """Where our callback leads, and its page."""
        address = f"{(added or self.added)['redirect_uri']}?{urlencode(answer)}"
        status, headers, page = await self.person.go("GET", address)
        return status, headers.get("Location", ""), page

    async def sign_in(self) -> tuple[int, str, str]:
        return await self.come_back(self.provider.arrive(await self.leave()))

    async def code(self) -> str:
        status, location, page = await self.sign_in()
        assert (status, location) == (303, self.url), page
        _, _, page = await self.person.go("GET", self.url)
        _, headers, _ = await self.person.go("POST", f"{self.url}/decision", csrf=csrf_of(page), decision="approve")
        return answer_of(headers["Location"])["code"]


async def walk(court: Court, forger: Forger, **changes: Any) -> Walk:
    return Walk(court, forger, await add(court, forger, **changes))


async def issued(one: Walk) -> set[str]:
    """The claims of the credential that a whole walk ends with."""
    token = await one.client.redeem(await one.code())
    answer = await one.client.credential(token.body["access_token"])
    assert answer.status == 200, answer
    disclosures = answer.body["credentials"][0]["credential"].split("~")[1:-1]
    return {unb64(text).decode().split('"')[5] for text in disclosures}


async def test_the_credential_carries_what_the_provider_said(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    assert await issued(one) >= {"Erika", "Mustermann", "1964-08-12"}
    asked, form = forger.requests
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == form["redirect_uri"] == one.added["redirect_uri"]
    assert len(asked["nonce"]) >= 43
    assert forger.headers == ["Basic Y2hhbmNlcnk6YStzZWNyZXQrb2Yrb3Vycw=="]


async def test_the_canary_is_in_no_table_in_clear(court: Court, forger: Forger) -> None:
    forger.claims, forger.subject = {"family_name": "Canary-Upstream"}, "canary-subject"
    await issued(await walk(court, forger, client_secret="canary-secret"))
    admin = await court.site.database.connect_admin()
    for table in ("users", "user_authenticators", "identity_providers", "authorization_sessions", "audit_logs"):
        rows = [str(list(row.values())) for row in await admin.fetch(f"SELECT * FROM agent.{table}")]  # ours
        assert rows, table
        for canary in ("Canary-Upstream", "canary-subject", "canary-secret"):
            assert canary not in "".join(rows), table
    await admin.close()


async def test_the_same_subject_is_the_same_account_with_the_claims_of_today(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    await issued(one)
    forger.claims = {"family_name": "Gabler"}
    again = Walk(court, forger, one.added)
    assert "Gabler" in await issued(again)
    assert await _accounts(court) == 1
    forger.subject = "another"
    await issued(Walk(court, forger, one.added))
    assert await _accounts(court) == 2


async def _accounts(court: Court) -> int:
    admin = await court.site.database.connect_admin()
    try:
        return await admin.fetchval("SELECT count(*) FROM agent.user_authenticators WHERE kind = 'upstream'")
    finally:
        await admin.close()


async def test_subjects_differ_by_case(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    for forger.subject in ("abc", "ABC"):
        await Walk(court, forger, one.added).sign_in()
    assert await _accounts(court) == 2


async def test_two_first_sign_ins_at_once_make_one_account(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    walks = [Walk(court, forger, one.added) for _ in range(4)]
    answers = [(walked, forger.arrive(await walked.leave())) for walked in walks]
    got = await asyncio.gather(*(walked.come_back(answer) for walked, answer in answers))
    assert [location for _, location, _ in got] == [walked.url for walked in walks]
    assert await _accounts(court) == 1


async def test_a_claimed_address_is_not_its_account(court: Court, forger: Forger) -> None:
    forger.claims = {"email": "erika@example.org", "email_verified": True, "family_name": "Gabler"}
    one = await walk(court, forger)
    assert "Gabler" in await issued(one)
    ours = court.client()
    token = await ours.obtain()  # the account with this address and its password
    answer = await ours.credential(token.body["access_token"])
    assert b"Mustermann" in b"".join(
        unb64(text) for text in answer.body["credentials"][0]["credential"].split("~")[1:-1]
    )
    assert await _accounts(court) == 1


WRONG: dict[str, Callable[[Forger], None]] = {
    "wrong nonce": lambda forger: forger.claims.update(nonce="another"),
    "no nonce": lambda forger: forger.claims.update(nonce=None),
    "wrong aud": lambda forger: forger.claims.update(aud="another"),
    "aud of several without azp": lambda forger: forger.claims.update(aud=["chancery", "another"]),
    "azp is another": lambda forger: forger.claims.update(azp="another"),
    "iss mismatch": lambda forger: forger.claims.update(iss="https://evil.example"),
    "expired": lambda forger: forger.claims.update(exp=1),
    "no exp": lambda forger: forger.claims.update(exp=None),
    "made in the future": lambda forger: forger.claims.update(iat=4_000_000_000),
    "made long ago": lambda forger: forger.claims.update(iat=1_000_000_000),
    "no sub": lambda forger: forger.claims.update(sub=None),
    "at_hash": lambda forger: forger.claims.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "unknown kid": lambda forger: forger.header.update(kid="2"),
    "another key under the same kid": lambda forger: setattr(forger, "key", HolderKey()),
    "another type": lambda forger: forger.header.update(typ="logout+jwt"),
    "alg none": lambda forger: setattr(forger, "forge", "none"),
    "HS256 with the public key": lambda forger: setattr(forger, "forge", "HS256"),
    "an error instead of a token": lambda forger: setattr(forger, "token_status", 400),
    "another token type": lambda forger: setattr(forger, "token_type", "mac"),
    "no iss in the answer": lambda forger: forger.answer.update(iss=None),
    "iss of another in the answer": lambda forger: forger.answer.update(iss="https://evil.example"),
    "the person said no": lambda forger: forger.answer.update(error="access_denied", code=None),
    "no code": lambda forger: forger.answer.update(code=None),
    "a code that it does not know": lambda forger: forger.answer.update(code="guessed"),
}


async def test_what_cannot_be_believed_is_access_denied(court: Court, forger: Forger) -> None:
    """Each fault alone, from a fresh provider, so that only its own check can find it."""
    added = await add(court, forger)
    honest = forger.key
    for name, spoil in WRONG.items():
        forger.claims, forger.header, forger.answer, forger.forge, forger.key = {}, {}, {}, "", honest
        forger.token_status, forger.token_type = 200, "Bearer"
        spoil(forger)
        one = Walk(court, forger, added)
        status, location, page = await one.sign_in()
        assert status == 303, (name, page)
        assert answer_of(location) == {"error": "access_denied", "state": "the state", "iss": court.issuer}, name
        assert (await one.person.go("GET", one.url))[0] == 400, name  # the sign-in has ended
    assert await _accounts(court) == 0
    assert set(await court.events("id_token_refused")) == {"id_token_refused"}


async def test_new_keys_are_fetched_when_a_kid_is_unknown(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    assert (await one.sign_in())[1] == one.url
    forger.key = HolderKey()
    forger.published = [{**forger.key.jwk, "kid": "2", "use": "sig"}]
    forger.header = {"kid": "2"}
    again = Walk(court, forger, one.added)
    assert (await again.sign_in())[1] == again.url


async def test_a9_an_offer_to_one_person_is_not_taken_by_whom_a_provider_signs_in(court: Court, forger: Forger) -> None:
    body = {"credential_configuration_ids": ["pid"], "grant": "authorization_code", "subject": "erika"}
    _, made = await court.site.api("POST", "/credential-offers", body)
    one = await walk(court, forger)
    offer = await one.client.wallet.offer(made["credential_offer_uri"])
    state = offer["grants"]["authorization_code"]["issuer_state"]
    answer = forger.arrive(await one.leave(issuer_state=state))
    await one.come_back(answer)
    _, _, page = await one.person.go("GET", one.url)
    _, headers, _ = await one.person.go("POST", f"{one.url}/decision", csrf=csrf_of(page), decision="approve")
    assert answer_of(headers["Location"])["error"] == "access_denied"


async def test_b5_an_answer_of_another_provider_is_refused(court: Court, forger: Forger) -> None:
    async with Forger() as evil:
        one, other = await walk(court, forger), await add(court, evil)
        address = await one.leave()
        # 1. the right provider's answer at another provider's address, and that one's issuer at the right address
        status, _, _ = await one.come_back(forger.arrive(address), other)
        assert status == 400
        mixed = forger.arrive(address) | {"iss": evil.issuer}
        _, location, _ = await one.come_back(mixed)
        assert answer_of(location)["error"] == "access_denied"
        # 2. the code never went to the other one
        assert evil.requests == []
        assert "code" not in (forger.requests[-1] | {})


async def test_b20_a_state_of_another_browser_is_refused(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    victim = Walk(court, forger, one.added)
    await victim.leave()
    answer = forger.arrive(await one.leave())
    status, _, _ = await victim.come_back(answer)  # an attacker's answer in the victim's browser
    assert status == 400
    for state in ("", "guessed", "A" * 64, None):
        wrong = {name: value for name, value in (answer | {"state": state}).items() if value is not None}
        assert (await one.come_back(wrong))[0] == 400
    assert (await one.come_back(answer))[1] == one.url  # none of that has spent it


async def test_b21_a_state_is_good_once_and_the_secret_changes(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    answer = forger.arrive(await one.leave())
    before = dict(one.person.cookies)
    forger.nonces["kept"] = forger.nonces[answer["code"]]
    got = await asyncio.gather(*(one.come_back(answer) for _ in range(5)))
    assert sorted(status for status, _, _ in got) == [303, 400, 400, 400, 400]
    assert one.person.cookies != before
    old = Person(court.site.session, court.issuer, cookies=before)
    assert (await old.go("GET", one.url))[0] == 400
    assert (await one.come_back(answer | {"code": "kept"}))[0] == 400


async def test_a_suspended_account_does_not_come_in(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    await one.sign_in()
    admin = await court.site.database.connect_admin()
    user = await admin.fetchval("SELECT user_id FROM agent.user_authenticators WHERE kind = 'upstream'")
    await admin.close()
    assert (await court.site.api("PATCH", f"/users/{user}", {"status": "suspended"}))[0] == 204
    assert (await one.person.go("GET", one.url))[0] == 400  # signed out where they were
    again = Walk(court, forger, one.added)
    assert answer_of((await again.sign_in())[1])["error"] == "access_denied"
    assert await _accounts(court) == 1


async def test_private_key_jwt_is_signed_by_the_key_that_was_shown(court: Court, forger: Forger) -> None:
    one = await walk(court, forger, method="private_key_jwt", client_secret=None)
    assert (await one.sign_in())[1] == one.url
    form = forger.requests[-1]
    assert "client_secret" not in form
    claims = claims_of(form["client_assertion"])
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("chancery", "chancery", forger.issuer)
    assert header_of(form["client_assertion"])["kid"] == one.added["jwks"]["keys"][0]["kid"]


async def test_client_secret_post_and_userinfo(court: Court, forger: Forger) -> None:
    one = await walk(court, forger, method="client_secret_post", userinfo=True)
    assert (await one.sign_in())[1] == one.url
    assert forger.requests[-1]["client_secret"] == "a secret of ours"
    assert forger.headers[-1].startswith("Bearer ")
    forger.claims = {"userinfo_sub": "somebody else"}
    again = Walk(court, forger, one.added)
    assert answer_of((await again.sign_in())[1])["error"] == "access_denied"


async def test_a_provider_that_does_not_answer_is_said_on_the_page(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    await forger.__aexit__()
    uri = (await one.client.push()).body["request_uri"]
    _, url, page = await one.person.begin(client_id="wallet", request_uri=uri)
    status, _, page = await one.person.go("POST", f"{url}/upstream", csrf=csrf_of(page), provider=one.added["id"])
    assert status == 403
    assert "cannot be used at the moment" in page
    assert (await one.person.sign_in(url, page))[0] == 303  # another way still leads in


async def test_pages_show_the_ways_that_the_tenant_offers(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    uri = (await one.client.push()).body["request_uri"]
    _, url, page = await one.person.begin(client_id="wallet", request_uri=uri)
    ways = {"password_sign_in": 'id="password"', "passkey_sign_in": 'id="passkey"', "upstream_sign_in": "The Office"}
    assert all(mark in page for mark in ways.values())
    for way, mark in ways.items():
        await court.configure(policy={name: name != way for name in ways})
        _, _, page = await one.person.go("GET", url)
        assert [mark for mark in ways.values() if mark in page] == [other for other in ways.values() if other != mark]
    await court.configure(policy=dict.fromkeys(ways, False))
    _, _, page = await one.person.go("GET", url)
    assert 'id="nothing"' in page


async def test_a_way_that_is_not_offered_is_not_taken(court: Court, forger: Forger) -> None:
    one = await walk(court, forger)
    uri = (await one.client.push()).body["request_uri"]
    _, url, page = await one.person.begin(client_id="wallet", request_uri=uri)
    await court.configure(policy=dict.fromkeys(("password_sign_in", "passkey_sign_in", "upstream_sign_in"), False))
    assert (await one.person.sign_in(url, page))[0] == 403
    csrf = csrf_of(page)
    assert (await one.person.go("POST", f"{url}/upstream", csrf=csrf, provider=one.added["id"]))[0] == 403
    assert (await one.person.go("POST", f"{url}/passkey/options", csrf=csrf))[0] == 403


async def test_identity_providers_are_administered(court: Court, forger: Forger) -> None:
    _, planned = await court.site.api("GET", f"/identity-providers/redirect-uri?{urlencode({'issuer': forger.issuer})}")
    added = await add(court, forger)
    assert added["redirect_uri"] == planned["redirect_uri"]
    _, listed = await court.site.api("GET", "/identity-providers")
    assert [one["issuer"] for one in listed["items"]] == [forger.issuer]
    assert "a secret of ours" not in str(listed)
    body = {"issuer": forger.issuer, "name": "x", "client_id": "y", "client_secret": "long enough"}
    assert (await court.site.api("POST", "/identity-providers", body))[0] == 409
    assert (await court.site.api("GET", "/identity-providers", key=court.site.beta.api_key))[1]["items"] == []
    assert (await court.site.api("DELETE", f"/identity-providers/{added['id']}"))[0] == 204
    assert (await court.site.api("DELETE", f"/identity-providers/{added['id']}"))[0] == 404


async def test_a_provider_that_cannot_be_used_is_not_added(court: Court, forger: Forger) -> None:
    for changes in (
        {"issuer": "http://provider.example"},
        {"issuer": "https://user@provider.example"},
        {"issuer": "https://provider.example?x=1"},
        {"method": "private_key_jwt"},
        {"client_secret": None},
        {"scope": "profile"},
    ):
        body = {"issuer": forger.issuer, "name": "x", "client_id": "y", "client_secret": "long enough"} | changes
        status, answer = await court.site.api("POST", "/identity-providers", body)
        assert (status, answer["code"]) == (422, "invalid_identity_provider"), changes


async def test_a_document_of_another_issuer_is_not_believed(court: Court, forger: Forger) -> None:
    for changes in (
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://other.example/token"},
        {"jwks_uri": None},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    ):
        forger.metadata = changes
        body = {"issuer": forger.issuer, "name": "x", "client_id": "y", "client_secret": "long enough"}
        assert (await court.site.api("POST", "/identity-providers", body))[0] == 422, changes

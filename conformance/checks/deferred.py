"""Deferred issuance (OpenID4VCI 1.0, 8.3 and 9): an offer whose credential waits until the issuer's own door decides."""

import secrets
from dataclasses import dataclass, replace
from typing import Any

from conformance import sd_jwt
from conformance.checks.encryption import Sealed
from conformance.client import Client
from conformance.http import Answer, https_or_loopback
from conformance.jose import compact_json
from conformance.offering import OfferUri, credential_offer, offer_uri
from conformance.registry import check
from conformance.session import Session
from conformance.target import CreationFailed
from conformance.verdict import Blocked, expect, expect_error, expect_json, expect_members, expect_unauthorized, skip
from conformance.wallet import Issuance, credential_of

DEFERRED, WAITING = "deferred_credential_endpoint", frozenset({"transaction_id", "interval"})


@dataclass(slots=True)
class Pending:
    """An issuance whose credential was asked for, and the answer to that."""

    issuance: Issuance
    uri: OfferUri
    answer: Answer

    @property
    def transaction_id(self) -> str:
        found = self.answer.member("transaction_id")
        if self.answer.status != 202 or not isinstance(found, str):
            raise Blocked(f"not deferred: {self.answer}")
        return found

    async def wait(self) -> None:
        """As long as the answer says."""
        interval = self.answer.member("interval")
        await self.issuance.session.wait(interval if isinstance(interval, int | float) else 5)

    async def decide(self) -> None:
        """The issuer makes up its mind, and the wallet waits as long as it was told to."""
        door = self.issuance.session.target.approve
        if door is None:
            skip("the target file has no [issuer.approve]")
        try:
            await door.open(self.issuance.session.http, {"id": self.uri.id or ""})
        except CreationFailed as error:
            raise Blocked(f"[issuer.approve]: {error}") from error
        await self.wait()

    async def come_back(self, **changes: Any) -> Answer:
        return await self.issuance.come_back(**{"transaction_id": self.transaction_id} | changes)


async def _begun(session: Session, *, dpop: bool | None = None) -> tuple[Issuance, OfferUri]:
    """Up to the access token for an offer that will be deferred."""
    uri = await offer_uri(session, "offer_deferred")
    offered = (await credential_offer(session, uri)).get("credential_configuration_ids")
    if not isinstance(offered, list) or not offered:
        raise Blocked("the offer names no configuration")
    aimed = session.aiming(str(offered[0]))
    if session.target.issuing.grant == "authorization_code":
        state = (await credential_offer(session, uri)).get("grants", {}).get("authorization_code", {})
        client = await Client.of(aimed, dpop=dpop)
        return await Issuance.by_code(aimed, client, issuer_state=state.get("issuer_state")), uri
    issuance = await Issuance.taken(aimed, uri)
    if dpop:
        issuance.client = await Client.of(aimed, dpop=True)
    await issuance.authorize()
    return issuance, uri


async def _pending(session: Session, *, dpop: bool | None = None) -> Pending:
    issuance, uri = await _begun(session, dpop=dpop)
    answer = await issuance.post_credential(issuance.credential_request(await issuance.proof()))
    return Pending(issuance, uri, answer)


async def _delivered(session: Session) -> tuple[Pending, Answer]:
    pending = await _pending(session)
    await pending.decide()
    return pending, await pending.come_back()


@check("deferred-announced")
async def endpoint_is_announced(session: Session) -> None:
    """A deferred credential: deferred_credential_endpoint in the metadata, an https URL."""
    pending = await _pending(session)
    assert pending.transaction_id
    url = pending.issuance.issuer.get(DEFERRED)
    expect(https_or_loopback(url), f"{DEFERRED}, an https URL", url)


@check("deferred-answer")
async def waiting_has_a_transaction(session: Session) -> None:
    """A request that cannot be answered yet: 202, transaction_id, interval, and no credentials."""
    answer = (await _pending(session)).answer
    expect_json(answer, 202)
    identifier, interval = answer.member("transaction_id"), answer.member("interval")
    expect(isinstance(identifier, str) and identifier, "transaction_id, a string", answer)
    numeric = isinstance(interval, int | float) and not isinstance(interval, bool)
    expect(numeric and interval > 0, "interval, a positive number", interval)
    expect(answer.member("credentials") is None, "no credentials", "some")


@check("deferred-answer-members")
async def waiting_says_nothing_else(session: Session) -> None:
    """transaction_id and interval, and nothing else."""
    expect_members((await _pending(session)).answer, WAITING)


@check("deferred-transaction-entropy")
async def transactions_are_unguessable(session: Session) -> None:
    """Two transactions: different, and long enough for 128 bits."""
    first, second = [(await _pending(session)).transaction_id for _ in range(2)]
    expect(first != second and min(len(first), len(second)) >= 22, "two unlike ones of 22 characters or more", first)


@check("deferred-pending")
async def undecided_is_told_to_wait(session: Session) -> None:
    """Back after the interval, before anything was decided: 202, the same transaction_id, and interval."""
    pending = await _pending(session)
    transaction_id = pending.transaction_id
    await pending.wait()
    answer = await pending.come_back()
    expect_json(answer, 202)
    expect(answer.member("transaction_id") == transaction_id, "the same transaction_id", answer)
    expect(isinstance(answer.member("interval"), int | float), "interval, a number", answer)


@check("deferred-issued")
async def decided_is_delivered(session: Session) -> None:
    """Back after the decision: 200, credentials as in section 8.3."""
    _, answer = await _delivered(session)
    expect_json(answer)
    expect(answer.member("credentials"), "credentials", answer)


@check("deferred-bound")
async def key_is_that_of_the_request(session: Session) -> None:
    """The credential that was waited for is bound to the key that was proven at first."""
    pending, answer = await _delivered(session)
    bound = sd_jwt.parse(credential_of(answer)).payload.get("cnf", {}).get("jwk", {})
    wanted = pending.issuance.key.jwk
    expect(all(bound.get(name) == value for name, value in wanted.items()), "cnf.jwk of the proof's key", bound)


@check("deferred-single-retrieval")
async def delivered_is_over(session: Session) -> None:
    """The transaction_id again, after the credential was obtained: invalid_transaction_id."""
    pending, answer = await _delivered(session)
    assert credential_of(answer)
    await pending.wait()
    expect_error(await pending.come_back(), "invalid_transaction_id")


@check("deferred-transaction-unknown")
async def made_up_transaction_is_refused(session: Session) -> None:
    """A transaction_id that nobody issued."""
    pending = await _pending(session)
    assert pending.transaction_id
    expect_error(await pending.come_back(transaction_id=secrets.token_urlsafe(32)), "invalid_transaction_id")


@check("deferred-transaction-of-another")
async def transaction_is_bound_to_its_token(session: Session) -> None:
    """The transaction_id of another issuance, whose credential is ready, under this access token."""
    theirs, ours = await _pending(session), await _pending(session)
    await theirs.decide()
    answer = await ours.come_back(transaction_id=theirs.transaction_id)
    expect_error(answer, "invalid_transaction_id")


@check("deferred-transaction-missing")
async def transaction_is_required(session: Session) -> None:
    """No transaction_id."""
    pending = await _pending(session)
    assert pending.transaction_id
    expect_error(await pending.come_back(transaction_id=None), "invalid_transaction_id", "invalid_credential_request")


@check("deferred-transaction-number")
async def transaction_is_a_string(session: Session) -> None:
    """transaction_id as a number."""
    pending = await _pending(session)
    assert pending.transaction_id
    expect_error(await pending.come_back(transaction_id=7), "invalid_transaction_id", "invalid_credential_request")


@check("deferred-not-json")
async def body_is_an_object(session: Session) -> None:
    """A JSON string where the object belongs."""
    pending = await _pending(session)
    answer = await pending.issuance.ask(pending.issuance.issuer[DEFERRED], json=pending.transaction_id)
    expect_error(answer, "invalid_transaction_id", "invalid_credential_request")


@check("deferred-unknown-member")
async def unknown_members_are_ignored(session: Session) -> None:
    """A member that nobody defined beside the transaction_id."""
    pending = await _pending(session)
    await pending.decide()
    answer = await pending.come_back(undefined_member={"x": 1})
    expect(answer.status == 200, "HTTP 200, the member ignored", answer)


@check("deferred-no-token")
async def token_is_required(session: Session) -> None:
    """No Authorization header, after the decision."""
    pending = await _pending(session)
    await pending.decide()
    expect_unauthorized(await pending.come_back(headers={}))


@check("deferred-token-unknown")
async def made_up_token_is_refused(session: Session) -> None:
    """The access token with its characters reversed."""
    pending = await _pending(session)
    url, token = str(pending.issuance.issuer.get(DEFERRED)), pending.issuance.token["access_token"][::-1]
    expect_unauthorized(await pending.come_back(headers=pending.issuance.authorization(url, token)))


@check("deferred-dpop-missing")
async def bound_tokens_want_their_proof(session: Session) -> None:
    """A DPoP token without proof, after the decision."""
    pending = await _pending(session, dpop=True)
    await pending.decide()
    token = pending.issuance.token["access_token"]
    answer = await pending.come_back(headers={"Authorization": f"DPoP {token}"})
    expect(answer.status in {400, 401}, "HTTP 400 or 401", answer)


@check("deferred-encrypted")
async def answer_is_encrypted_when_asked(session: Session) -> None:
    """credential_response_encryption in an encrypted deferred request: application/jwt, credentials inside."""
    issuance, uri = await _begun(session)
    sealed = Sealed.about(issuance)
    first = await sealed.send(sealed.sealed(await sealed.request()))
    pending = Pending(issuance, uri, _clear(sealed, first))
    await pending.decide()
    body = {"transaction_id": pending.transaction_id, "credential_response_encryption": sealed.wanted()}
    answer = await sealed.send(sealed.sealed(body), DEFERRED)
    expect(answer.status == 200 and answer.media_type == "application/jwt", "HTTP 200, application/jwt", answer)
    expect(sealed.opened(answer).get("credentials"), "credentials inside", "none")


def _clear(sealed: Sealed, answer: Answer) -> Answer:
    """The answer as it was before it was encrypted."""
    if answer.media_type != "application/jwt":
        return answer
    return replace(answer, body=compact_json(sealed.opened(answer)))


@check("deferred-encrypted-key-in-clear")
async def response_key_in_clear_is_refused(session: Session) -> None:
    """A response key in a deferred request in clear, which anybody on the way could have put there."""
    pending = await _pending(session)
    sealed = Sealed.about(pending.issuance)
    await pending.decide()
    answer = await pending.come_back(credential_response_encryption=sealed.wanted())
    expect_error(answer, "invalid_encryption_parameters", "invalid_credential_request")

"""Transactions that the holder authorizes with a presentation (OpenID4VP 1.0, 5.1, 8.4 and B.3.3)."""

import hashlib
from typing import Any

from conformance import sd_jwt
from conformance.jose import Unreadable, b64u, compact_json, read_object, unb64u
from conformance.minting import draft
from conformance.presenting import Presentation
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import Blocked, expect

VARIANT = "transaction_data"


async def _begin(session: Session) -> tuple[Presentation, list[str]]:
    presentation = await Presentation.begin(session, variant=VARIANT)
    sent = presentation.claims.get("transaction_data")
    if not isinstance(sent, list) or not sent or not all(isinstance(one, str) for one in sent):
        raise Blocked("the request has no transaction_data, an array of texts")
    return presentation, sent


def _hashed(sent: list[str]) -> list[str]:
    return [b64u(hashlib.sha256(text.encode()).digest()) for text in sent]


async def _answer(session: Session, presentation: Presentation, **claims: Any) -> Any:
    credential = await draft(session)
    token = credential.token(presentation.wanted())
    shown = sd_jwt.bind(token, credential.holder, presentation.binding_claims(**claims))
    return await presentation.answer_with(shown)


async def _refused(session: Session, presentation: Presentation, **claims: Any) -> None:
    await presentation.expect_refused(await _answer(session, presentation, **claims))


@check("transaction-data-request")
async def transactions_are_objects_in_base64url(session: Session) -> None:
    """transaction_data of the request: base64url of objects with type and credential_ids of the query."""
    presentation, sent = await _begin(session)
    known = {str(one.get("id")) for one in presentation.claims["dcql_query"]["credentials"]}
    for text in sent:
        try:
            item = read_object(unb64u(text), "transaction_data")
        except Unreadable as error:
            expect(False, "base64url of a JSON object", str(error))
        expect(isinstance(item.get("type"), str), "type, a text", item.get("type"))
        named = item.get("credential_ids")
        good = isinstance(named, list) and named and set(named) <= known
        expect(good, "credential_ids of the query's", named)


@check("transaction-data-accepted")
async def authorized_transaction_is_accepted(session: Session) -> None:
    """A KB-JWT with the hashes of the transactions, as they were received."""
    presentation, sent = await _begin(session)
    answer = await _answer(session, presentation, transaction_data_hashes=_hashed(sent))
    await presentation.expect_accepted(answer)


@check("transaction-data-missing")
async def transaction_is_authorized(session: Session) -> None:
    """A KB-JWT without transaction_data_hashes."""
    presentation, _ = await _begin(session)
    await _refused(session, presentation)


@check("transaction-data-other")
async def this_transaction_is_authorized(session: Session) -> None:
    """The hash of another transaction."""
    presentation, sent = await _begin(session)
    others = [b64u(compact_json({**read_object(unb64u(text)), "amount": "1000000"})) for text in sent]
    await _refused(session, presentation, transaction_data_hashes=_hashed(others))


@check("transaction-data-decoded")
async def hash_goes_over_the_text(session: Session) -> None:
    """The hash of the decoded object instead of the text that was received."""
    presentation, sent = await _begin(session)
    decoded = [b64u(hashlib.sha256(unb64u(text)).digest()) for text in sent]
    await _refused(session, presentation, transaction_data_hashes=decoded)


@check("transaction-data-algorithm")
async def hash_algorithm_is_one_of_those_named(session: Session) -> None:
    """Hashes by an algorithm that nobody defined."""
    presentation, sent = await _begin(session)
    claims = {"transaction_data_hashes": _hashed(sent), "transaction_data_hashes_alg": "sha-1"}
    await _refused(session, presentation, **claims)


@check("transaction-data-more")
async def no_other_transaction_is_authorized(session: Session) -> None:
    """The right hashes, and one of a transaction that nobody asked for."""
    presentation, sent = await _begin(session)
    await _refused(session, presentation, transaction_data_hashes=_hashed([*sent, "another"]))


@check("transaction-data-text")
async def hashes_are_an_array(session: Session) -> None:
    """The right hash, as a text instead of an array."""
    presentation, sent = await _begin(session)
    await _refused(session, presentation, transaction_data_hashes=_hashed(sent)[0])


@check("transaction-data-unasked")
async def unasked_transaction_is_refused(session: Session) -> None:
    """A hash in a KB-JWT for a request without transactions."""
    presentation = await Presentation.begin(session)
    await _refused(session, presentation, transaction_data_hashes=_hashed(["another"]))

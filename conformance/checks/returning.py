"""The browser comes back with what only the wallet was told (OpenID4VP 1.0, 8.2 and 13.3; HAIP 1.0, 5.1)."""

from urllib.parse import parse_qsl, urlsplit

from conformance.holding import held
from conformance.http import Answer
from conformance.presenting import Presentation
from conformance.registry import check
from conformance.session import Session
from conformance.target import CreationFailed
from conformance.verdict import Blocked, expect, skip

VARIANT = "return"


async def _returned(session: Session) -> tuple[Presentation, Answer]:
    presentation = await Presentation.begin(session, variant=VARIANT)
    answer = await presentation.present(await held(session))
    if answer.status != 200:
        raise Blocked(f"the response: {answer}")
    return presentation, answer


def _parts(answer: Answer) -> dict[str, str]:
    uri = urlsplit(str(answer.member("redirect_uri")))
    return dict(parse_qsl(uri.query) + parse_qsl(uri.fragment))


@check("return-redirect-uri")
async def redirect_uri_is_answered(session: Session) -> None:
    """The answer to an accepted response: redirect_uri, a URL."""
    _, answer = await _returned(session)
    uri = answer.member("redirect_uri")
    expect(isinstance(uri, str) and urlsplit(uri).scheme and urlsplit(uri).netloc, "redirect_uri, a URL", uri)


@check("return-code-fresh")
async def redirect_uri_has_a_fresh_value(session: Session) -> None:
    """Two transactions: a value of the redirect_uri that differs, of 22 characters or more."""
    first, second = [_parts((await _returned(session))[1]) for _ in range(2)]
    fresh = [name for name, value in first.items() if len(value) >= 22 and second.get(name) != value]
    expect(fresh, "a fresh value of 22 characters or more", ", ".join(first) or "none")


@check("return-none-when-refused")
async def refused_response_leads_nowhere(session: Session) -> None:
    """The answer to a refused response: no redirect_uri with a code that could be redeemed."""
    presentation = await Presentation.begin(session, variant=VARIANT)
    answer = await presentation.present(await held(session), nonce="wrong")
    await presentation.expect_refused(answer)
    expect("response_code" not in str(answer.member("redirect_uri")), "no response_code", "one")


async def _redeemed(presentation: Presentation, code: str) -> bool:
    """Whether the verifier's own page takes the code."""
    session = presentation.session
    if session.target.returned is None:
        skip("the target file has no [verifier.return]")
    values = {"id": presentation.request.id, "response_code": code}
    try:
        await session.target.returned.open(session.http, values)
    except CreationFailed:
        return False
    return True


@check("return-code-redeemed")
async def the_right_code_is_taken(session: Session) -> None:
    """The code of the redirect_uri, brought back."""
    presentation, answer = await _returned(session)
    expect(await _redeemed(presentation, _parts(answer).get("response_code", "")), "the code to be taken", "a refusal")


@check("return-code-wrong")
async def a_guessed_code_is_refused(session: Session) -> None:
    """A code of nobody's, brought back."""
    presentation, _ = await _returned(session)
    expect(not await _redeemed(presentation, "g" * 43), "a refusal", "the code was taken")


@check("return-code-of-another")
async def a_code_is_of_its_transaction(session: Session) -> None:
    """The code of another transaction, brought back: a session that somebody planted."""
    (first, _), (_, other) = await _returned(session), await _returned(session)
    code = _parts(other).get("response_code", "")
    expect(not await _redeemed(first, code), "a refusal", "the code was taken")


@check("return-code-once")
async def a_code_is_taken_once(session: Session) -> None:
    """The right code brought back a second time."""
    presentation, answer = await _returned(session)
    code = _parts(answer).get("response_code", "")
    if not await _redeemed(presentation, code):
        raise Blocked("the code was not taken at all")
    expect(not await _redeemed(presentation, code), "a refusal", "the code was taken twice")

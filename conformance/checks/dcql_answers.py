"""Queries of the suite's own, and answers that meet them or do not (OpenID4VP 1.0, 6.4, 8.1 and 8.6)."""

from collections.abc import Mapping
from typing import Any

from cryptography import x509

from conformance import sd_jwt
from conformance.jose import b64u
from conformance.minting import Draft, draft, issuing
from conformance.presenting import Presentation
from conformance.registry import check
from conformance.session import Session
from conformance.verdict import Blocked, skip

CLAIM = "chosen_claim"


def _credential(session: Session, **members: Any) -> dict[str, Any]:
    """The target's first credential query, with other members."""
    try:
        found: dict[str, Any] = session.target.dcql_query["credentials"][0]
    except (KeyError, IndexError, TypeError) as error:
        raise Blocked("[verifier] dcql_query has no credential") from error
    return {**found, **members}


def _chosen(session: Session, **claim: Any) -> dict[str, Any]:
    """A query for one claim that the suite's credentials then have."""
    return {"credentials": [_credential(session, claims=[{"path": [CLAIM], **claim}])]}


async def _with_claim(session: Session, value: Any) -> Draft:
    credential = await draft(session)
    credential.disclosed = {CLAIM: value}
    return credential


async def _bound(session: Session, presentation: Presentation, credential: Draft) -> str:
    return sd_jwt.bind(credential.token(), credential.holder, presentation.binding_claims())


async def _answered(session: Session, query: Mapping[str, Any], credentials: Mapping[str, list[Draft]]) -> Any:
    presentation = await Presentation.begin(session, query=query)
    token = {name: [await _bound(session, presentation, one) for one in shown] for name, shown in credentials.items()}
    return presentation, await presentation.answer_with("", vp_token=token)


async def _accepted(session: Session, query: Mapping[str, Any], **credentials: list[Draft]) -> None:
    presentation, answer = await _answered(session, query, credentials)
    await presentation.expect_accepted(answer)


async def _refused(session: Session, query: Mapping[str, Any], **credentials: list[Draft]) -> None:
    presentation, answer = await _answered(session, query, credentials)
    await presentation.expect_refused(answer)


def _two(session: Session, **sets: Any) -> dict[str, Any]:
    return {"credentials": [_credential(session, id=name) for name in ("first", "second")], **sets}


@check("query-value-met")
async def wanted_value_is_accepted(session: Session) -> None:
    """values: a claim that has one of them."""
    await _accepted(session, _chosen(session, values=["a", "b"]), **await _as_first(session, "b"))


async def _as_first(session: Session, value: Any) -> dict[str, list[Draft]]:
    return {_credential(session)["id"]: [await _with_claim(session, value)]}


@check("query-value-unmet")
async def other_value_is_refused(session: Session) -> None:
    """values: a claim that has none of them. What the wallet should have seen the verifier sees too."""
    await _refused(session, _chosen(session, values=["a", "b"]), **await _as_first(session, "c"))


@check("query-value-type")
async def value_has_its_type(session: Session) -> None:
    """values of numbers: a claim with the text of one of them."""
    await _refused(session, _chosen(session, values=[1]), **await _as_first(session, "1"))


@check("query-value-of-a-boolean")
async def a_boolean_is_no_number(session: Session) -> None:
    """values of true: a claim that is 1."""
    await _refused(session, _chosen(session, values=[True]), **await _as_first(session, 1))


@check("query-claim-not-disclosed")
async def claim_is_disclosed(session: Session) -> None:
    """A query for a claim that the credential has not."""
    credential = await draft(session)
    credential.disclosed = {"another_claim": "x"}
    await _refused(session, _chosen(session), **{_credential(session)["id"]: [credential]})


@check("query-path-nested")
async def nested_claim_is_found(session: Session) -> None:
    """A path of two names: a claim in an object."""
    query = {"credentials": [_credential(session, claims=[{"path": [CLAIM, "inner"]}])]}
    await _accepted(session, query, **await _as_first(session, {"inner": "x"}))


@check("query-path-nested-missing")
async def nested_claim_is_needed(session: Session) -> None:
    """A path of two names: an object without the inner claim."""
    query = {"credentials": [_credential(session, claims=[{"path": [CLAIM, "inner"]}])]}
    await _refused(session, query, **await _as_first(session, {"outer": "x"}))


@check("query-path-element")
async def array_element_is_found(session: Session) -> None:
    """A path with null: any element of an array, with the wanted value."""
    query = {"credentials": [_credential(session, claims=[{"path": [CLAIM, None], "values": ["b"]}])]}
    await _accepted(session, query, **await _as_first(session, ["a", "b"]))


def _claim_sets(session: Session) -> dict[str, Any]:
    claims = [{"id": "a", "path": ["absent_claim"]}, {"id": "b", "path": [CLAIM]}]
    return {"credentials": [_credential(session, claims=claims, claim_sets=[["a"], ["b"]])]}


@check("query-claim-set-second")
async def second_claim_set_is_accepted(session: Session) -> None:
    """claim_sets: the second option, where the credential has no claims for the first."""
    await _accepted(session, _claim_sets(session), **await _as_first(session, "x"))


@check("query-claim-set-unmet")
async def one_claim_set_is_needed(session: Session) -> None:
    """claim_sets: claims of no option."""
    credential = await draft(session)
    credential.disclosed = {"another_claim": "x"}
    await _refused(session, _claim_sets(session), **{_credential(session)["id"]: [credential]})


@check("query-both")
async def both_credentials_are_accepted(session: Session) -> None:
    """Two credential queries without credential_sets: both answered."""
    await _accepted(session, _two(session), first=[await draft(session)], second=[await draft(session)])


@check("query-one-of-both")
async def both_credentials_are_needed(session: Session) -> None:
    """Two credential queries without credential_sets: one answered."""
    await _refused(session, _two(session), first=[await draft(session)])


@check("query-set-second")
async def second_option_is_accepted(session: Session) -> None:
    """credential_sets: the second of two options."""
    sets = [{"options": [["first"], ["second"]]}]
    await _accepted(session, _two(session, credential_sets=sets), second=[await draft(session)])


@check("query-set-incomplete")
async def an_option_is_whole(session: Session) -> None:
    """credential_sets: half of an option of two."""
    sets = [{"options": [["first", "second"]]}]
    await _refused(session, _two(session, credential_sets=sets), second=[await draft(session)])


@check("query-set-optional")
async def optional_set_may_be_left_out(session: Session) -> None:
    """credential_sets: a set that is not required, left out."""
    sets = [{"options": [["first"]]}, {"options": [["second"]], "required": False}]
    await _accepted(session, _two(session, credential_sets=sets), first=[await draft(session)])


@check("query-set-optional-alone")
async def required_set_is_needed(session: Session) -> None:
    """credential_sets: the set that is not required, without the one that is."""
    sets = [{"options": [["first"]]}, {"options": [["second"]], "required": False}]
    await _refused(session, _two(session, credential_sets=sets), second=[await draft(session)])


@check("query-multiple")
async def several_are_accepted_where_asked(session: Session) -> None:
    """multiple: two presentations."""
    query = {"credentials": [_credential(session, id="several", multiple=True)]}
    await _accepted(session, query, several=[await draft(session), await draft(session)])


@check("query-multiple-one-bad")
async def each_of_several_is_judged(session: Session) -> None:
    """multiple: two presentations, the second expired."""
    query = {"credentials": [_credential(session, id="several", multiple=True)]}
    bad = await draft(session)
    bad.payload["exp"] = session.now() - 3600
    await _refused(session, query, several=[await draft(session), bad])


async def _authorities(session: Session, identifier: bytes) -> dict[str, Any]:
    wanted = [{"type": "aki", "values": [b64u(identifier)]}]
    return {"credentials": [_credential(session, trusted_authorities=wanted)]}


@check("query-authority-met")
async def wanted_authority_is_accepted(session: Session) -> None:
    """trusted_authorities of type aki: the key identifier of who certified the issuer."""
    root = (await issuing(session)).certificate
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    await _accepted(
        session, await _authorities(session, identifier), **{_credential(session)["id"]: [await draft(session)]}
    )


@check("query-authority-unmet")
async def other_authority_is_refused(session: Session) -> None:
    """trusted_authorities of type aki: another authority than the issuer's, which is trusted all the same."""
    query = await _authorities(session, bytes(20))
    await _refused(session, query, **{_credential(session)["id"]: [await draft(session)]})


@check("query-unbound-accepted")
async def unbound_is_accepted_where_asked(session: Session) -> None:
    """require_cryptographic_holder_binding false: a credential without KB-JWT."""
    query = {"credentials": [_credential(session, require_cryptographic_holder_binding=False)]}
    presentation = await Presentation.begin(session, query=query)
    token = (await draft(session)).token(presentation.wanted())
    await presentation.expect_accepted(await presentation.answer_with(token))


@check("query-vct-of-several")
async def one_of_several_types_is_accepted(session: Session) -> None:
    """vct_values of several types: a credential of the second."""
    source = session.target.self_issued
    if source is None:
        skip("the target file has no [credential]")
    query = {"credentials": [_credential(session, meta={"vct_values": ["urn:example:other", source.vct]})]}
    await _accepted(session, query, **{_credential(session)["id"]: [await draft(session)]})

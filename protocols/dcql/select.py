"""Whether what was presented is what the query asked for (OpenID4VP 1.0, 6.4 and 8.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocols.claims_path import select
from protocols.dcql.query import ClaimsQuery, CredentialQuery, DcqlQuery
from protocols.errors import ProtocolError
from protocols.ports import VerifiedCredential


class NotWhatWasAsked(ProtocolError):
    """The presentation does not answer the query."""

    code = "query_not_answered"


@dataclass(frozen=True, slots=True)
class Answer:
    """One verified credential and the Credential Query it answers."""

    query_id: str
    credential: VerifiedCredential


def require_shape(query: DcqlQuery, vp_token: Any) -> Mapping[str, Sequence[Any]]:
    """The vp_token by Credential Query id (8.1), before anything in it is opened. Raises NotWhatWasAsked."""
    if not isinstance(vp_token, dict) or not vp_token:
        raise NotWhatWasAsked("vp_token is not an object")
    for query_id, presentations in vp_token.items():
        asked = query.credential(query_id)
        if asked is None:
            raise NotWhatWasAsked("an id that was not in the query")
        if not isinstance(presentations, list) or not presentations:
            raise NotWhatWasAsked("not a non-empty array")
        if len(presentations) > (16 if asked.multiple else 1):
            raise NotWhatWasAsked("more presentations than asked for")
    _require_sets(query, vp_token.keys())
    return vp_token


def _require_sets(query: DcqlQuery, answered: Any) -> None:
    """Without credential_sets all are wanted, else one option of each required set (6.4.2)."""
    if not query.credential_sets:
        if any(one.id not in answered for one in query.credentials):
            raise NotWhatWasAsked("a credential is missing")
        return
    for wanted in query.credential_sets:
        met = any(all(name in answered for name in option) for option in wanted.options)
        if wanted.required and not met:
            raise NotWhatWasAsked("a credential set is not met")


def require_match(asked: CredentialQuery, credential: VerifiedCredential) -> None:
    """Format, type and claims of one verified credential. Raises NotWhatWasAsked."""
    if credential.format != asked.format:
        raise NotWhatWasAsked("format")
    if asked.holder_binding and "holder_binding" not in credential.checks:
        raise NotWhatWasAsked("no holder binding")
    if "type_values" in asked.meta:  # one option whole (B.1.1)
        known = {credential.type, *credential.types}
        if not any(known.issuperset(option) for option in asked.meta["type_values"]):
            raise NotWhatWasAsked("credential types")
    types = asked.meta.get("vct_values", asked.meta.get("doctype_value"))
    if types is not None and credential.type not in ([types] if isinstance(types, str) else types):
        raise NotWhatWasAsked("credential type")
    if asked.claim_sets:
        by_id = {one.id: one for one in asked.claims}
        if not any(all(_met(by_id[name], credential) for name in option) for option in asked.claim_sets):
            raise NotWhatWasAsked("no claim set is met")
    elif not all(_met(one, credential) for one in asked.claims):
        raise NotWhatWasAsked("a claim is missing or has another value")


def _met(claim: ClaimsQuery, credential: VerifiedCredential) -> bool:
    found = select(credential.claims, claim.path)
    if claim.values is None:
        return bool(found)
    return any(_equal(value, wanted) for value in found for wanted in claim.values)


def _equal(value: Any, wanted: Any) -> bool:
    """JSON equality: true is not 1."""
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)

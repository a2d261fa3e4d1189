"""Whether presentations answer a query (OpenID4VP 1.0, 6.4, 8.1, 8.6): asked of what was verified, of nothing else."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from protocols.claims_path import select
from protocols.dcql.query import ClaimsQuery, CredentialQuery, DcqlQuery
from protocols.errors import ProtocolError
from protocols.ports import VerifiedCredential

MULTIPLE = 16
"""How many presentations one Credential Query with `multiple` is answered by at most."""


class NotWhatWasAsked(ProtocolError):
    """The presentation does not answer the query."""

    code = "query_not_answered"


class UntrustedAuthority(NotWhatWasAsked):
    """The issuer is not certified by an authority that was asked for."""


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
        if len(presentations) > (MULTIPLE if asked.multiple else 1):
            raise NotWhatWasAsked("more presentations than asked for")
    require_sets(query, vp_token.keys())
    return vp_token


def require_sets(query: DcqlQuery, answered: Collection[str]) -> tuple[str, ...]:
    """The ids of the first options that are met, of each set (6.4.2). Raises NotWhatWasAsked.

    Without credential_sets all are wanted, else one option of each required set, and nothing that no set names.
    """
    if not query.credential_sets:
        if any(one.id not in answered for one in query.credentials):
            raise NotWhatWasAsked("a credential is missing")
        return tuple(one.id for one in query.credentials)
    named = {name for one in query.credential_sets for option in one.options for name in option}
    if not named.issuperset(answered):
        raise NotWhatWasAsked("a credential that no set asks for")
    chosen: dict[str, None] = {}
    for wanted in query.credential_sets:
        met = next((option for option in wanted.options if all(name in answered for name in option)), None)
        if wanted.required and met is None:
            raise NotWhatWasAsked("a credential set is not met")
        chosen |= dict.fromkeys(met or ())
    return tuple(chosen)


def require_match(asked: CredentialQuery, credential: VerifiedCredential) -> tuple[ClaimsQuery, ...]:
    """Format, holder binding, type and claims of one verified credential: the claims of the first claim set that is
    met (6.4.1). Raises NotWhatWasAsked."""
    if credential.format != asked.format:
        raise NotWhatWasAsked("format")
    if asked.holder_binding and "holder_binding" not in credential.checks:
        raise NotWhatWasAsked("no holder binding")
    _require_type(asked.meta, credential)
    by_id = {one.id: one for one in asked.claims}
    options = [[by_id[name] for name in option] for option in asked.claim_sets] or [list(asked.claims)]
    for option in options:
        if all(_met(one, credential) for one in option):
            return tuple(option)
    raise NotWhatWasAsked("a claim is missing or has another value")


def require_authority(asked: CredentialQuery, key_identifiers: Collection[bytes]) -> None:
    """One of trusted_authorities certified the issuer (6.1.1.1); `key_identifiers` are those that the certificates of
    the validated chain name as their authority's. Raises UntrustedAuthority."""
    if asked.authorities is not None and asked.authorities.isdisjoint(key_identifiers):
        raise UntrustedAuthority()


def _require_type(meta: Mapping[str, Any], credential: VerifiedCredential) -> None:
    """vct_values (B.3.5), doctype_value (B.2.3), type_values (B.1.1: one option whole)."""
    if "vct_values" in meta and credential.type not in meta["vct_values"]:
        raise NotWhatWasAsked("credential type")
    if "doctype_value" in meta and credential.type != meta["doctype_value"]:
        raise NotWhatWasAsked("doctype")
    if "type_values" in meta:
        types = {credential.type, *credential.types}
        if not any(types.issuperset(option) for option in meta["type_values"]):
            raise NotWhatWasAsked("credential types")


def _met(claim: ClaimsQuery, credential: VerifiedCredential) -> bool:
    found = select(credential.claims, claim.path)
    if claim.values is None:
        return bool(found)
    return any(type(value) is type(wanted) and value == wanted for value in found for wanted in claim.values)

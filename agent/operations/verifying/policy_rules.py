"""What a verification policy says of one credential: a function of facts, so that it can be asked again later, of an
answer that was kept or by somebody who checks the evidence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agent.scope.policies import PolicyRules
from protocols.checks import Checks
from protocols.claims_path import select
from protocols.dcql.build import MDOC, mdoc_path, path
from protocols.errors import ProtocolError
from protocols.ports import TrustAnchor


class NotByPolicy(ProtocolError):
    """The credential is not one that the verifier's policy accepts."""

    code = "not_by_policy"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was verified of a credential. `algorithm` is that of the issuer's key, `anchor` the identifier of who
    vouches for it, `at` the moment of the decision, `has_status` whether its issuer can take it back."""

    format: str
    types: tuple[str, ...]
    algorithm: str | None
    claims: Mapping[str, Any]
    issued_at: datetime | None
    anchor: str | None
    at: datetime
    expires_at: datetime | None = None
    has_status: bool = True


def accepted(rules: PolicyRules, anchors: tuple[TrustAnchor, ...]) -> tuple[TrustAnchor, ...]:
    """The tenant's anchors that the policy lets issuers be believed by."""
    return tuple(one for one in anchors if one.identifier in rules.trust_list) if rules.trust_list else anchors


def require_policy(rules: PolicyRules, facts: Facts, checks: Checks) -> None:
    """Each rule that the policy has is a line. Raises NotByPolicy."""
    for name, expected, seen, holds in _rules(rules, facts):
        checks.begin(f"policy_{name}", expected, seen)
        if not holds():
            raise NotByPolicy(name)


def _rules(rules: PolicyRules, facts: Facts) -> list[tuple[str, Any, Any, Callable[[], bool]]]:
    found: list[tuple[str, Any, Any, Callable[[], bool]]] = []
    if rules.formats:
        found.append(("format", rules.formats, facts.format, lambda: facts.format in rules.formats))
    if rules.types:
        found.append(("type", rules.types, facts.types, lambda: not set(rules.types).isdisjoint(facts.types)))
    if rules.algorithms:
        found.append(("algorithm", rules.algorithms, facts.algorithm, lambda: facts.algorithm in rules.algorithms))
    if rules.trust_list:
        found.append(("trust", rules.trust_list, facts.anchor, lambda: facts.anchor in rules.trust_list))
    if rules.claims:
        lacking = [one for one in rules.claims if not _disclosed(facts, one)]
        found.append(("claims", rules.claims, {"lacking": lacking}, lambda: not lacking))
    if rules.max_age_days is not None:
        oldest = facts.at - timedelta(days=rules.max_age_days)
        issued = facts.issued_at
        found.append(("age", {"issued_after": oldest}, issued, lambda: issued is not None and issued >= oldest))
    if rules.revocation == "mandatory":
        found.append(_status_there(rules.short_lived_hours, facts))
    return found


def _status_there(hours: int | None, facts: Facts) -> tuple[str, Any, Any, Callable[[], bool]]:
    """A credential that can be taken back, or one that is over so soon that it need not be."""
    issued, expires = facts.issued_at, facts.expires_at
    short = (
        hours is not None and issued is not None and expires is not None and expires - issued <= timedelta(hours=hours)
    )
    seen = {"status": facts.has_status, "issued_at": issued, "expires_at": expires}
    wanted = {"status": True, "or_lives_hours": hours}
    return "revocation", wanted, seen, lambda: facts.has_status or short


def _disclosed(facts: Facts, words: str) -> bool:
    try:
        read = mdoc_path(words) if facts.format == MDOC else path(words)
    except ProtocolError:
        return False
    return bool(select(facts.claims, tuple(read)))

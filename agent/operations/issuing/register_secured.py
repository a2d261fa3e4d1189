"""Credentials that the VC API secures are registered in the tenant's status lists when the caller asks for entries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from agent.operations.issuing.change_status import ChangeStatus as Change
from agent.operations.issuing.change_status import NoSuchCredential, change_status
from agent.operations.issuing.open_status_lists import mechanisms, open_lists, purposes_of
from agent.operations.verifying.vc_api import require_on
from agent.scope import Scope
from agent.scope.status import REINSTATE, REVOKE, SUSPEND, SecuredCredential, StatusChange, StatusPlace
from protocols import status_list, vcdm
from protocols.data_integrity import ProofGenerationError
from protocols.vc_api import IssueRequest, StatusRequest
from protocols.vcdm import making

_CHANGES: Mapping[tuple[str, bool], StatusChange] = {
    ("revocation", True): REVOKE,
    ("suspension", True): SUSPEND,
    ("suspension", False): REINSTATE,
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A credential about to be secured, with the places that its entries name."""

    request: IssueRequest
    places: tuple[StatusPlace, ...] = ()


async def place(scope: Scope, request: IssueRequest) -> Placed:
    """The credential with the entries that were asked for. Raises ProofGenerationError for any that there are not."""
    if not request.statuses:
        return Placed(request)
    mechanism, purposes = _mechanism(scope, request.statuses)
    async with scope.unit() as unit:
        lists = await open_lists(scope, unit, mechanism, purposes)
        await unit.commit()
    places = [(await scope.places.take(scope, one, 1))[0] for one in lists]
    references = [one.registry.reference(one.index) for one in places]
    whole = replace(references[0], others=tuple(references[1:]))
    entries = status_list.entries(whole, scope.plugins["status_mechanisms"])
    there = vcdm.statuses_of(request.credential)
    credential = {**request.credential, "credentialStatus": [*there, *entries]}
    return Placed(replace(request, credential=credential), tuple(places))


def _mechanism(scope: Scope, statuses: Sequence[tuple[str, str]]) -> tuple[str, Sequence[str]]:
    """One mechanism, and purposes that it has lists for."""
    members = {scope.plugins["status_mechanisms"][name].member: name for name in mechanisms(scope)}
    kinds, purposes = {kind for kind, _ in statuses}, [purpose for _, purpose in statuses]
    name = members.get(next(iter(kinds))) if len(kinds) == 1 else None
    if name is None or not set(purposes) <= set(purposes_of(scope, name)) - {"message"}:
        raise ProofGenerationError("no such status list")
    return name, purposes


def registered(scope: Scope, placed: Placed, number: UUID, form: str) -> SecuredCredential | None:
    """What is kept of a credential that is in a list; None for one that is in none."""
    if not placed.places:
        return None
    credential: Mapping[str, Any] = placed.request.credential
    return SecuredCredential(
        id=number,
        credential_id=str(credential.get("id") or f"urn:uuid:{number}"),
        type=making.type_of(credential),
        format=form,
        issuer=vcdm.issuer_of(credential),
        issuer_id=scope.catalogue.issuer_id,
        issued_at=scope.now(),
        expires_at=vcdm.valid_until(credential),
        places=placed.places,
    )


async def set_status(scope: Scope, request: StatusRequest) -> Sequence[UUID]:
    """POST /credentials/status. Raises NoSuchCredential, ProofGenerationError, and the errors of a change."""
    require_on(scope, request.suite)
    change = _CHANGES.get((request.purpose, request.value))
    if change is None:
        raise ProofGenerationError("no such change")
    async with scope.unit() as unit:
        found: UUID | None = await unit.status_lists.named(request.credential_id)
    if found is None:
        raise NoSuchCredential()
    return await change_status(change)(scope, Change((found,), "vc_api"))

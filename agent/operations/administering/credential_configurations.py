"""POST and GET /credential-configurations: what the tenant issues, in which format, for which proofs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.issuing.claims import compiled
from agent.operations.issuing.issuer_identity import NoSigningKey, signer_of
from agent.operations.issuing.open_status_lists import mechanisms, open_lists, purposes_of
from agent.operations.verifying.schemas import partial
from agent.scope import Scope
from agent.scope.administering import KnownType
from agent.scope.tenants import CredentialConfiguration, kind_of
from agent.tenancy import uuid7
from protocols.claims_path import ClaimsPath
from protocols.encoding import render_stable_json
from protocols.errors import ProtocolError

_COUNTS = (2, 4, 16, 256)
_PROOF_ALGORITHMS = frozenset({"ES256", "ES384", "EdDSA"})


class InvalidConfiguration(ProtocolError):
    """Nothing could be issued by such a configuration."""

    code = "invalid_configuration"
    status = 422

    def __init__(self, member: str, why: str) -> None:
        super().__init__(f"{member}: {why}")
        self.fields = {member: [why]}


@dataclass(frozen=True, slots=True)
class CreateConfiguration:
    """Request: a new entry of credential_configurations_supported (OpenID4VCI 1.0, 12.2.4).

    `type` is the vct, doctype or type; its JSON Schema `schema` may be left out for a type that the tenant has.
    `disclosable` are claims paths, None for every top-level claim; without `proof_types` nobody's key is bound.
    `status` is a mechanism, with a list for each of `status_purposes`; one of messages says what its values mean.
    """

    credential_configuration_id: str
    format: str
    type: str
    schema: Mapping[str, Any] | None = None
    scope: str | None = None
    algorithm: str = "ES256"
    lifetime: timedelta = timedelta(days=90)
    display: Sequence[Mapping[str, Any]] = ()
    claims: Sequence[Mapping[str, Any]] = ()
    disclosable: Sequence[ClaimsPath] | None = None
    binding_methods: Sequence[str] = ()
    proof_types: Mapping[str, Sequence[str]] = field(default_factory=dict)
    key_attestations_required: Mapping[str, Any] | None = None
    status: str | None = "token_status_list"
    status_purposes: Sequence[str] = ("revocation",)
    status_messages: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    mapping: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


async def create_configuration(scope: Scope, request: CreateConfiguration) -> UUID:
    """Advertised and offered from now on. Raises InvalidConfiguration, Conflict for a name that is taken."""
    return (await create_configurations(scope, (request,)))[0]


async def create_configurations(scope: Scope, requests: Sequence[CreateConfiguration]) -> Sequence[UUID]:
    """All of them or none, whose types may be the same. Raises as for one."""
    types: dict[str, KnownType] = {}
    async with scope.unit() as unit:
        for request in requests:
            known: KnownType | None = await unit.credential_configurations.type_named(request.type)
            types |= {request.type: known} if known else {}
    there, made = frozenset(types), []
    for request in requests:
        new = _new(scope, request, types.get(request.type))
        # 1. proofs of possession
        _require_proofs(scope, request)
        # 2. a format that says what it will be called, with a key that signs it
        await _require_format(scope, new)
        # 3. claims and status
        _require_claims(scope, request, types.get(request.type))
        types.setdefault(request.type, KnownType(new.type_id, request.schema))
        made.append(new)
    # 4. kept
    async with scope.unit() as unit:
        for name in types.keys() - there:
            await unit.credential_configurations.add_type(types[name].id, name, types[name].schema)
        for new in made:
            await unit.credential_configurations.add(scope.catalogue.issuer_id, new)
            metadata = {"configuration": new.credential_configuration_id, "format": new.format}
            unit.record(
                AuditEvent("configuration.created", "credential_configuration", new.id, "create", None, metadata)
            )
        await _open_lists(scope, unit, requests)
        unit.changes_catalogue()
        await unit.commit()
    return [new.id for new in made]


async def _open_lists(scope: Scope, unit: Any, requests: Sequence[CreateConfiguration]) -> None:
    """Once for each mechanism, however many configurations want it."""
    wanted: dict[str, list[str]] = {}
    for request in requests:
        if request.status is not None:
            wanted.setdefault(request.status, []).extend(request.status_purposes)
    messages = next((request.status_messages for request in requests if request.status_messages), ())
    for mechanism, purposes in wanted.items():
        await open_lists(scope, unit, mechanism, purposes, messages)


def _new(scope: Scope, request: CreateConfiguration, known: KnownType | None) -> CredentialConfiguration:
    return CredentialConfiguration(
        id=uuid7(scope.now(), scope.entropy(10)),
        credential_configuration_id=request.credential_configuration_id,
        format=request.format,
        type=request.type,
        type_id=known.id if known else uuid7(scope.now(), scope.entropy(10)),
        scope=request.scope,
        algorithm=request.algorithm,
        lifetime=request.lifetime,
        display=tuple(request.display) or ({"name": request.credential_configuration_id},),
        claims=tuple(request.claims),
        disclosable=None if request.disclosable is None else frozenset(request.disclosable),
        binding_methods=tuple(request.binding_methods),
        proof_types={name: tuple(algorithms) for name, algorithms in request.proof_types.items()},
        schema=request.schema,
        statuses=_kinds(request),
        key_attestations_required=request.key_attestations_required,
        options=request.options,
        mapping=request.mapping,
    )


def _kinds(request: CreateConfiguration) -> tuple[str, ...]:
    if request.status is None:
        return ()
    return tuple(kind_of(request.status, purpose) for purpose in dict.fromkeys(request.status_purposes))


def _require_proofs(scope: Scope, request: CreateConfiguration) -> None:
    """Binding methods and proof types go together (12.2.4)."""
    if bool(request.binding_methods) != bool(request.proof_types):
        raise InvalidConfiguration("proof_types", "binding_methods and proof_types go together")
    known = scope.plugins["key_proofs"]
    for name, algorithms in request.proof_types.items():
        if name not in known:
            raise InvalidConfiguration("proof_types", f"there are {', '.join(sorted(known))}")
        allowed = getattr(known[name], "algorithms", _PROOF_ALGORITHMS)
        if not set(algorithms) <= set(allowed):
            raise InvalidConfiguration("proof_types", f"{name} takes {', '.join(sorted(allowed))}")
    attestable = [name for name in request.proof_types if getattr(known[name], "attestable", True)]
    if request.key_attestations_required is not None and not attestable:
        raise InvalidConfiguration("key_attestations_required", "no proof type carries one")


async def _require_format(scope: Scope, new: CredentialConfiguration) -> None:
    formats = {name: one for name, one in scope.plugins["credential_formats"].items() if hasattr(one, "prepare")}
    issues = formats.get(new.format)
    if issues is None:
        raise InvalidConfiguration("format", f"there are {', '.join(sorted(formats))}")
    try:
        issues.metadata(new.type, *([new.options] if new.options else []))
    except (ProtocolError, TypeError, ValueError, KeyError):
        raise InvalidConfiguration("options", "not what the format takes") from None
    try:
        key, _, _ = await signer_of(scope, new, issues)
    except (NoSigningKey, KeyError):
        raise InvalidConfiguration("algorithm", "the issuer has no key for it; see issuer-keys") from None
    if key.algorithm != new.algorithm:
        raise InvalidConfiguration("algorithm", f"the issuer's key signs {key.algorithm}")


def _require_claims(scope: Scope, request: CreateConfiguration, known: KnownType | None) -> None:
    _require_statuses(scope, request)
    if request.schema is None:
        return
    if known is not None and known.schema != request.schema:
        raise InvalidConfiguration("schema", "the tenant's type of this name has another")
    try:
        compiled(request.schema)
        partial(render_stable_json(request.schema))
    except ValueError:
        raise InvalidConfiguration("schema", "not a JSON Schema that stands alone") from None


def _require_statuses(scope: Scope, request: CreateConfiguration) -> None:
    """A mechanism that has lists for these purposes, with as many messages as its places have values (2.1)."""
    if request.status is None:
        return
    known = mechanisms(scope)
    if request.status not in known:
        raise InvalidConfiguration("status", f"there are {', '.join(sorted(known))}")
    purposes = purposes_of(scope, request.status)
    if not request.status_purposes or not set(request.status_purposes) <= set(purposes):
        raise InvalidConfiguration("status_purposes", f"there are {', '.join(purposes)}")
    if ("message" in request.status_purposes) != (len(request.status_messages) in _COUNTS):
        raise InvalidConfiguration("status_messages", "2, 4, 16 or 256 of them, for the purpose message")
    there = scope.catalogue.status_registries.get(kind_of(request.status, "message"))
    if there and request.status_messages and there.messages != tuple(request.status_messages):
        raise InvalidConfiguration("status_messages", f"the tenant's list has {', '.join(there.messages)}")


async def list_configurations(scope: Scope, _request: None) -> Sequence[tuple[CredentialConfiguration, bool]]:
    """Each with whether it is active, by name."""
    retired = scope.catalogue.retired
    every = sorted(scope.catalogue.every_configuration, key=lambda one: one.credential_configuration_id)
    return [(one, one.credential_configuration_id not in retired) for one in every]

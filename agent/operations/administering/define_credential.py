"""POST /credential-definitions: a credential is defined once, and issued in each of several formats from then on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from agent.operations.administering.credential_configurations import (
    CreateConfiguration,
    InvalidConfiguration,
    create_configurations,
)
from agent.operations.issuing.issuer_identity import identities
from agent.scope import Scope
from protocols.vcdm import V2

UNDEFINED_TERMS = "https://www.w3.org/ns/credentials/undefined-terms/v2"
_PROOFS = {"jwt": ("ES256", "ES384", "EdDSA")}
_SUITES = (("EdDSA", "eddsa-rdfc-2022"), ("ES256", "ecdsa-rdfc-2019"))
_CARRIED = ("$schema", "$defs", "definitions", "title", "description")
_ASKED = (*_CARRIED, "type", "properties", "required", "additionalProperties")


@dataclass(frozen=True, slots=True)
class FormatOfDefinition:
    """How one format has a definition: its name for the type, of an mdoc the namespace (by default the type), other
    names for claims, and what a configuration of the format may say beside."""

    type: str
    namespace: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    algorithm: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DefineCredential:
    """Request: claims by their JSON Schema, how they are shown, how long they hold, and formats by identifier."""

    name: str
    schema: Mapping[str, Any]
    formats: Mapping[str, FormatOfDefinition]
    display: Sequence[Mapping[str, Any]] = ()
    claims: Sequence[Mapping[str, Any]] = ()
    lifetime: timedelta = timedelta(days=90)
    status: bool = True


async def define_credential(scope: Scope, request: DefineCredential) -> Sequence[str]:
    """The names of the configurations that were made, one for each format: all or none.

    Raises InvalidConfiguration, Conflict for a name that is taken.
    """
    made = []
    for name, how in request.formats.items():
        derive = _DERIVED.get(name)
        if derive is None:
            raise InvalidConfiguration("formats", f"there are {', '.join(sorted(_DERIVED))}")
        made.append(await derive(scope, request, name, how))
    await create_configurations(scope, made)
    return [one.credential_configuration_id for one in made]


async def _sd_jwt(scope: Scope, request: DefineCredential, name: str, how: FormatOfDefinition) -> CreateConfiguration:
    return _configuration(request, name, how, _renamed(request, how), ("jwk", "did:key", "did:jwk"))


async def _mdoc(scope: Scope, request: DefineCredential, name: str, how: FormatOfDefinition) -> CreateConfiguration:
    namespace = how.namespace or how.type
    mapping = {claim: (namespace, *path) for claim, path in _renamed(request, how).items()}
    return _configuration(request, name, how, mapping, ("cose_key",))


async def _jwt_vc(scope: Scope, request: DefineCredential, name: str, how: FormatOfDefinition) -> CreateConfiguration:
    return _of_the_w3c(request, name, how, how.algorithm or "ES256", {"credentialSchema": True, **how.options})


async def _ldp_vc(scope: Scope, request: DefineCredential, name: str, how: FormatOfDefinition) -> CreateConfiguration:
    """By the issuer's EdDSA key if it has one; names that no context defines are the issuer's own."""
    algorithm, suite = _SUITES[-1]
    for wanted, known in _SUITES:
        if how.algorithm in (None, wanted) and await identities(scope, (wanted,)):
            algorithm, suite = wanted, known
            break
    own = {"@context": [V2, UNDEFINED_TERMS], "cryptosuite": suite, "credentialSchema": True}
    options = {**own, **how.options}
    return _of_the_w3c(request, name, how, how.algorithm or algorithm, options)


def _of_the_w3c(
    request: DefineCredential, name: str, how: FormatOfDefinition, algorithm: str, options: Mapping[str, Any]
) -> CreateConfiguration:
    binding, lists = ("did:key", "did:jwk"), ("bitstring_status_list", ("revocation", "suspension"))
    mapping = _renamed(request, how)
    return _configuration(request, name, how, mapping, binding, algorithm, lists, options, ("credentialSubject",))


_DERIVED: Mapping[str, Callable[..., Any]] = {
    "dc+sd-jwt": _sd_jwt,
    "mso_mdoc": _mdoc,
    "jwt_vc_json": _jwt_vc,
    "ldp_vc": _ldp_vc,
}


def _configuration(
    request: DefineCredential,
    name: str,
    how: FormatOfDefinition,
    mapping: Mapping[str, tuple[str, ...]],
    binding: tuple[str, ...],
    algorithm: str = "ES256",
    lists: tuple[str, tuple[str, ...]] = ("token_status_list", ("revocation",)),
    options: Mapping[str, Any] | None = None,
    under: tuple[str, ...] = (),
) -> CreateConfiguration:
    """`under` is where the format's metadata begin the paths of claims (OpenID4VCI 1.0, A)."""
    moved = any(path != (claim,) for claim, path in mapping.items())
    shown = [{**one, "path": [*under, *mapping.get(one["path"][0], ()), *one["path"][1:]]} for one in request.claims]
    return CreateConfiguration(
        credential_configuration_id=f"{request.name}.{name}",
        format=name,
        type=how.type,
        schema=_schema(request.schema, mapping) if moved else request.schema,
        scope=f"{request.name}.{name}",
        algorithm=algorithm,
        lifetime=request.lifetime,
        display=request.display,
        claims=shown,
        binding_methods=binding,
        proof_types=_PROOFS,
        status=lists[0] if request.status else None,
        status_purposes=lists[1],
        options=how.options if options is None else options,
        mapping=mapping if moved else {},
    )


def _renamed(request: DefineCredential, how: FormatOfDefinition) -> dict[str, tuple[str, ...]]:
    """Each claim under its name in the format. Raises InvalidConfiguration for two under one, or for no claim's."""
    named = request.schema.get("properties")
    if not isinstance(named, Mapping) or not named:
        raise InvalidConfiguration("schema", "names no properties")
    found: dict[str, tuple[str, ...]] = {claim: (how.names.get(claim, claim),) for claim in named}
    if not how.names.keys() <= named.keys() or len(set(found.values())) < len(found):
        raise InvalidConfiguration("formats", "names are of claims, and each of one")
    return found


def _schema(schema: Mapping[str, Any], mapping: Mapping[str, tuple[str, ...]]) -> Mapping[str, Any]:
    """The definition's schema with its claims where they stand. Raises InvalidConfiguration."""
    if not set(schema) <= {*_ASKED}:
        raise InvalidConfiguration("schema", f"of a definition whose claims move, has {', '.join(_ASKED)} alone")
    required = set(schema.get("required", ()))
    found: dict[str, Any] = {name: schema[name] for name in _CARRIED if name in schema}
    _closed(found)
    for claim, (*above, last) in mapping.items():
        place = found
        for name in above:
            place = _closed(place["properties"].setdefault(name, {}))
        place["properties"][last] = schema["properties"][claim]
        place["required"] += [last] if claim in required else []
    for name, inner in found["properties"].items():
        if inner.get("required") and name not in found["required"] and any(len(path) > 1 for path in mapping.values()):
            found["required"].append(name)
    return found


def _closed(place: dict[str, Any]) -> dict[str, Any]:
    """An object that has what it names and no more."""
    place.setdefault("type", "object")
    place.setdefault("properties", {})
    place.setdefault("required", [])
    place.setdefault("additionalProperties", False)
    return place

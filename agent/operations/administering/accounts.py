"""People with accounts, OAuth clients, and what the issuer demands of wallets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from agent.audit import AuditEvent
from agent.operations.administering.issuer_keys import create_issuer_keys
from agent.operations.signing_in.sign_in import hash_password
from agent.operations.verifying.vc_api import OFF
from agent.scope import Scope, limits
from agent.scope.authorizing import NewUser, UserListing
from agent.tenancy import uuid7
from protocols import haip
from protocols.errors import Malformed, ProtocolError
from protocols.jose import jwk as jwks
from protocols.oauth.authorization_request import require_redirect_uri
from protocols.oauth.certificate_subject import CertificateSubject
from protocols.oauth.client_authentication import PKI_TLS, RegisteredClient

PROFILES = ("openid4vci-1.0", haip.PROFILE)
NONE = "none"


class UnknownMethod(ProtocolError):
    """No client can authenticate so here."""

    code = "invalid_input"
    status = 422


@dataclass(frozen=True, slots=True)
class CreateUser:
    """Request: who signs in by what, and the claims that credentials are issued from."""

    email: str
    password: str | None
    external_id: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)


async def create_user(scope: Scope, request: CreateUser) -> UUID:
    """A person of the tenant. Raises Conflict when the address or the external id is taken, LimitReached."""
    hashed = await hash_password(request.password) if request.password else None
    ids = [uuid7(scope.now(), scope.entropy(10)) for _ in range(3)]
    user = NewUser(
        id=ids[0],
        subject_key_id=ids[1],
        email=request.email,
        external_id=request.external_id,
        claims=request.claims,
        authenticator_id=ids[2] if hashed else None,
        password_hash=hashed,
    )
    async with scope.quotas.spend(scope, limits.USERS), scope.unit() as unit:
        await unit.people.add(user)
        unit.record(AuditEvent("user.created", "user", user.id))
        await unit.commit()
    return user.id


@dataclass(frozen=True, slots=True)
class RegisterClient:
    """Request: an OAuth client, how it authenticates and where it may be answered."""

    client_id: str
    name: str
    method: str = NONE
    jwks: Sequence[Mapping[str, Any]] = ()
    redirect_uris: tuple[str, ...] = ()
    certificate_subjects: Mapping[str, str] = field(default_factory=dict)


async def register_client(scope: Scope, request: RegisterClient) -> UUID:
    """Raises UnknownMethod, InvalidRequest for a redirect URI, Malformed for a key or subject, Conflict for the id."""
    if request.method != NONE and request.method not in scope.plugins["client_authentication"]:
        raise UnknownMethod(request.method)
    for uri in request.redirect_uris:
        require_redirect_uri(uri)
    keys = tuple({**jwks.public(key), **({"kid": key["kid"]} if "kid" in key else {})} for key in request.jwks)
    client = RegisteredClient(
        id=uuid7(scope.now(), scope.entropy(10)),
        client_id=request.client_id,
        name=request.name,
        method=request.method,
        jwks=keys,
        certificate_subject=_certificate_subject(request),
        redirect_uris=request.redirect_uris,
    )
    async with scope.unit() as unit:
        await unit.clients.add(client)
        unit.record(AuditEvent("client.registered", "oauth_client", client.id, metadata={"method": request.method}))
        await unit.commit()
    await scope.cache.forget("oauth_client", request.client_id)
    return UUID(str(client.id))


def _certificate_subject(request: RegisterClient) -> str | None:
    """Exactly one for a client that is known by what its certificate names, none for any other (RFC 8705, 2.1.2)."""
    subjects = [CertificateSubject(*one) for one in request.certificate_subjects.items()]
    if len(subjects) != (1 if request.method == PKI_TLS else 0):
        raise Malformed(f"{PKI_TLS} goes with exactly one subject of a certificate")
    return str(subjects[0]) if subjects else None


@dataclass(frozen=True, slots=True)
class ConfigureIssuer:
    """Request: profiles, parts of the policy, and the issuer's name and logo by language; what is not named stays.

    `status_list_cryptosuite`: status lists that are credentials carry a proof by it, "none" for JWTs alone.
    """

    profiles: tuple[str, ...] | None = None
    policy: Mapping[str, bool] = field(default_factory=dict)
    display: tuple[Mapping[str, Any], ...] | None = None
    vc_api: str | None = None
    status_list_cryptosuite: str | None = None


class InvalidCryptosuite(ProtocolError):
    """No status list can be secured by this cryptosuite."""

    code = "invalid_input"
    status = 422


_SECTIONS = ("profiles", "display", "vc_api", "status_list_cryptosuite")


async def configure_issuer(scope: Scope, request: ConfigureIssuer) -> None:
    """What is demanded of wallets from now on, in every process. Raises InvalidCryptosuite."""
    config: dict[str, Any] = {"policy": dict(request.policy)}
    if request.status_list_cryptosuite is not None:
        config["status_list_cryptosuite"] = _cryptosuite(scope, request.status_list_cryptosuite)
    if request.vc_api is not None:
        config["vc_api"] = request.vc_api
    if request.vc_api not in (None, OFF) or config.get("status_list_cryptosuite"):
        await create_issuer_keys(scope)
    if request.profiles is not None:
        config["profiles"] = list(request.profiles)
    if request.display is not None:
        config["display"] = [dict(one) for one in request.display]
    async with scope.unit() as unit:
        await unit.tenants.configure_issuer(scope.catalogue.issuer_id, config)
        names = sorted([*request.policy, *(name for name in _SECTIONS if name in config)])
        unit.record(
            AuditEvent("issuer.configured", "issuer", scope.catalogue.issuer_id, "update", None, {"set": names})
        )
        unit.changes_catalogue()
        await unit.commit()


def _cryptosuite(scope: Scope, name: str) -> str | None:
    """One that shows all of a document: of a list nobody may leave out its end."""
    if name == "none":
        return None
    fitting = [one.name for one in scope.plugins["cryptosuites"].values() if not one.selective and not one.legacy]
    if name not in fitting:
        raise InvalidCryptosuite(f"there are {', '.join(sorted(fitting))}")
    return name


USERS = 100
"""A page of accounts."""


async def list_users(scope: Scope, after: UUID) -> Sequence[UserListing]:
    """A page of accounts behind this id; that they were read goes on record."""
    async with scope.unit() as unit:
        found: Sequence[UserListing] = await unit.people.listed(after, USERS)
        unit.record(AuditEvent("user.listed", "user", None, "read", None, {"count": len(found)}))
        await unit.commit()
    return found


@dataclass(frozen=True, slots=True)
class SetUserStatus:
    """Request: an account and whether it may be used."""

    user: UUID
    status: str


async def set_user_status(scope: Scope, request: SetUserStatus) -> bool:
    """Suspend an account, which ends its sign-ins everywhere, or make it active again; False when there is none."""
    async with scope.unit() as unit:
        if not await unit.people.set_status(request.user, request.status):
            return False
        if request.status != "active":
            await unit.people.sign_out(request.user)
        unit.record(AuditEvent(f"user.{request.status}", "user", request.user, "update"))
        await unit.commit()
    return True


async def sign_out_everywhere(scope: Scope, user: UUID) -> None:
    """End every sign-in of an account that is under way."""
    async with scope.unit() as unit:
        await unit.people.sign_out(user)
        unit.record(AuditEvent("user.signed_out", "user", user, "sign_out"))
        await unit.commit()

"""Who asks the authorization server: a registered client, an attested wallet, or nobody in particular."""

from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from agent import gather
from agent.scope import Scope
from agent.scope.authorizing import Mark
from protocols.errors import ProtocolError
from protocols.oauth import nonce
from protocols.oauth.client_authentication import (
    BY_CERTIFICATE,
    AuthenticatedClient,
    ClientAuthentication,
    ClientCredentials,
    ClientExpectations,
    OpenedClient,
    RegisteredClient,
)
from protocols.oauth.errors import InvalidClient, InvalidClientAttestation, UseAttestationChallenge
from protocols.oauth.nonce import StaleNonce
from protocols.ports import Purpose

ATTESTED = "attest_jwt_client_auth"
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Client:
    """A client as a request showed it: by which method, the registration if any, and the marks to leave."""

    client_id: str | None
    method: str
    registered: RegisteredClient | None = None
    instance: bytes | None = None
    certificate: bytes | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def digest(self) -> bytes:
        """What binds a code or a refresh token to this client and the key that it proved."""
        return sha256((self.client_id or "").encode() + b"\0" + (self.instance or b"")).digest()


async def authenticate_client(scope: Scope, credentials: ClientCredentials) -> Client:
    """Raises InvalidClient and its kin; without credentials the method is none."""
    opened = _opened(scope, credentials)
    client_id = opened[0][1].client_id if opened else credentials.client_id
    registered = await registered_client(scope, client_id) if client_id else None
    found = _chosen(opened, registered)
    if scope.catalogue.policy.require_client_attestation and (found is None or found[0].method != ATTESTED):
        raise InvalidClient("a client attestation is required")
    method = found[0].method if found else "none"
    if registered is not None and registered.method != method:
        raise InvalidClient("another method than registered")
    if found is None:
        return Client(client_id, "none", registered, certificate=credentials.certificate)
    shown = await _believed(scope, *found, registered)
    marks: tuple[Mark, ...] = ()
    if shown.mark and shown.made_at:
        marks = (Mark("client_jti", shown.mark, shown.made_at),)
    return Client(client_id, method, registered, shown.instance, credentials.certificate, marks)


_Opened = tuple[ClientAuthentication, OpenedClient]


def _opened(scope: Scope, credentials: ClientCredentials) -> list[_Opened]:
    """The one method that the request uses (RFC 6749, 2.3), or those that one certificate may be shown for."""
    found = []
    for plugin in scope.plugins["client_authentication"].values():
        opened = plugin.open(credentials)
        if opened is not None:
            found.append((plugin, opened))
    if len(found) > 1 and not BY_CERTIFICATE.issuperset(plugin.method for plugin, _ in found):
        raise InvalidClient("more than one method")
    return found


def _chosen(opened: list[_Opened], registered: RegisteredClient | None) -> _Opened | None:
    """Of the methods that read a certificate, the one that the client is registered with."""
    fitting = [one for one in opened if registered is not None and one[0].method == registered.method]
    return next(iter([*fitting, *opened]), None)


async def registered_client(scope: Scope, client_id: str) -> RegisteredClient | None:
    """The registration, known for some seconds."""

    async def read() -> RegisteredClient | None:
        async with scope.unit() as unit:
            found: RegisteredClient | None = await unit.clients.get(client_id)
        return found

    known: RegisteredClient | None = await scope.cache.get("oauth_client", client_id, read, _SECONDS)
    return known


async def _believed(
    scope: Scope, plugin: ClientAuthentication, opened: OpenedClient, registered: RegisteredClient | None
) -> AuthenticatedClient:
    keys = []
    purpose, refusal = (
        (Purpose.AUTHENTICATE_CLIENT, InvalidClient)
        if plugin.method in BY_CERTIFICATE
        else (Purpose.ATTEST_WALLET, InvalidClientAttestation)
    )
    if opened.attester is not None:
        try:
            keys = [(await gather.unrevoked_key(scope, opened.attester, purpose)).jwk]
        except ProtocolError as error:
            raise refusal(error.detail) from None
    shown = plugin.verify(opened, keys, registered, ClientExpectations(scope.tenant.base_url, scope.now()))
    _require_challenge(scope, plugin, shown)
    return shown


def _require_challenge(scope: Scope, plugin: ClientAuthentication, shown: AuthenticatedClient) -> None:
    if plugin.method != ATTESTED:
        return
    if shown.challenge is None and not scope.catalogue.policy.require_attestation_challenge:
        return
    mac = partial(scope.vault.derive, "attestation_challenge")
    try:
        nonce.read(shown.challenge or "", scope.now(), mac)
    except StaleNonce:
        raise UseAttestationChallenge(nonce.make(scope.now(), scope.entropy(10), mac)) from None


async def issue_challenge(scope: Scope, _request: None) -> str:
    """POST /challenge: nothing is stored."""
    return nonce.make(scope.now(), scope.entropy(10), partial(scope.vault.derive, "attestation_challenge"))

"""What a target file says of the issuer's authorization server: clients, the person who signs in, who attests wallets.

Nothing here is of one implementation: a form is filled in by the ids or names of its fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MEMBERS = frozenset(
    {"grant", "redirect_uri", "dpop", "mdoc", "typed", "only_offered", "unregistered_clients"}
    | {"sign_in", "other_client", "key_client", "provider"}
)
GRANTS = ("pre-authorized_code", "authorization_code")


class BadIssuer(ValueError):
    """A table that cannot be used; the message says which member."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """The person before the browser: what goes into the fields, and the ids of the buttons that decide.

    An empty text leaves in the field what the page put there.
    """

    fields: Mapping[str, str]
    approve: str = "approve"
    deny: str = "deny"


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client that the server knows; `key` is the file of its private JWK when it authenticates by private_key_jwt."""

    client_id: str
    redirect_uri: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderFiles:
    """A wallet provider that the server trusts: its private key and chain (PEM, without the root), and who it attests."""

    key: str
    chain: str
    client_id: str
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Issuing:
    """`grant` is how checks that only need a token get one; `dpop`: tokens are bound even where no check wants it;
    `only_offered`: a request for a code has to carry the issuer_state of an offer;
    `unregistered_clients`: the server takes public clients that it does not know."""

    grant: str = GRANTS[0]
    redirect_uri: str = "https://wallet.example/cb"
    dpop: bool = False
    mdoc: str | None = None
    typed: str | None = None
    only_offered: bool = False
    unregistered_clients: bool = False
    sign_in: SignIn | None = None
    other_client: KnownClient | None = None
    key_client: KnownClient | None = None
    provider: ProviderFiles | None = field(default=None)


def parse(table: Mapping[str, Any], folder: Path) -> Issuing:
    """The members of [issuer] that are about its authorization server. Raises BadIssuer."""
    grant = table.get("grant", GRANTS[0])
    if grant not in GRANTS:
        raise BadIssuer(f"[issuer] grant is none of {', '.join(GRANTS)}")
    try:
        return Issuing(
            grant=grant,
            redirect_uri=table.get("redirect_uri", "https://wallet.example/cb"),
            dpop=bool(table.get("dpop", False)),
            mdoc=table.get("mdoc"),
            typed=table.get("typed"),
            only_offered=bool(table.get("only_offered", False)),
            unregistered_clients=bool(table.get("unregistered_clients", False)),
            sign_in=SignIn(**table["sign_in"]) if "sign_in" in table else None,
            other_client=_client(table["other_client"], folder) if "other_client" in table else None,
            key_client=_client(table["key_client"], folder) if "key_client" in table else None,
            provider=_provider(table["provider"], folder) if "provider" in table else None,
        )
    except (TypeError, KeyError) as error:
        raise BadIssuer(f"[issuer]: {error}") from error


def _client(table: Mapping[str, Any], folder: Path) -> KnownClient:
    key = str(folder / table["key"]) if "key" in table else None
    return KnownClient(table["client_id"], table["redirect_uri"], key)


def _provider(table: Mapping[str, Any], folder: Path) -> ProviderFiles:
    key, chain = (str(folder / table[name]) for name in ("key", "chain"))
    return ProviderFiles(key, chain, table["client_id"], table.get("issuer"))

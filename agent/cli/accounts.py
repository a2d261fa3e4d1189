"""`chancery user`, `chancery client` and `chancery issuer`."""

import json
from typing import Any, TextIO
from urllib.parse import quote

import click

from agent.cli import approvals
from agent.cli.client import Client, json_flag, show, stop
from agent.cli.identity_providers import identity_provider


def _read_json(file: TextIO | None) -> Any:
    if file is None:
        return None
    try:
        return json.load(file)
    except ValueError:
        stop("the file is not JSON", 2)


@click.group()
def user() -> None:
    """People who sign in when a wallet asks for a credential."""


@user.command(name="create")
@click.argument("email")
@click.option("--password-file", type=click.File("r", encoding="utf-8"), help="The password; - is standard input.")
@click.option("--claims", type=click.File("r", encoding="utf-8"), help="JSON file: what credentials are issued from.")
@click.option("--external-id", help="Your own name for the person, as in `offer --subject`.")
@json_flag
def create_user(
    email: str, password_file: TextIO | None, claims: TextIO | None, external_id: str | None, as_json: bool
) -> None:
    """Make an account for EMAIL."""
    body: dict[str, Any] = {"email": email, "claims": _read_json(claims) or {}, "external_id": external_id}
    if password_file:
        body["password"] = password_file.read().strip("\r\n")
    answer = Client().post("/users", {name: value for name, value in body.items() if value is not None})
    show(answer, as_json, f"user {answer['id']}")


@user.command(name="list")
@json_flag
def list_users(as_json: bool) -> None:
    """Accounts, oldest first; that they were read goes on record."""
    items = Client().every("/users")
    show({"items": items}, as_json, "\n".join(f"{one['id']}  {one['status']:9}  {one['name']}" for one in items))


@user.command(name="passkey-link")
@click.argument("user_id")
@json_flag
def passkey_link(user_id: str, as_json: bool) -> None:
    """Print a link by which USER_ID adds a passkey, good once within a day."""
    answer = Client().post(f"/users/{quote(user_id, safe='')}/passkey-links", {})
    show(answer, as_json, answer["url"])


@user.command(name="set")
@click.argument("user_id")
@click.argument("status", type=click.Choice(["active", "suspended"]))
@json_flag
def set_status(user_id: str, status: str, as_json: bool) -> None:
    """Suspend USER_ID, which signs them out everywhere, or make them active again."""
    Client().patch(f"/users/{quote(user_id, safe='')}", {"status": status})
    show({"id": user_id, "status": status}, as_json, status)


@user.command(name="sign-out")
@click.argument("user_id")
@json_flag
def sign_out(user_id: str, as_json: bool) -> None:
    """End every sign-in of USER_ID that is under way."""
    Client().delete(f"/users/{quote(user_id, safe='')}/sessions")
    show({"id": user_id}, as_json, "signed out")


@click.group()
def client() -> None:
    """OAuth clients that are registered here; attested wallets need no registration."""


@client.command(name="create")
@click.argument("client_id")
@click.option("--name", help="What people read; CLIENT_ID by default.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Where it may be answered, to the character.")
@click.option("--method", default="none", help="none, private_key_jwt, tls_client_auth or self_signed_tls_client_auth.")
@click.option("--jwks", type=click.File("r", encoding="utf-8"), help="JSON file: its public keys as a JWK Set.")
@click.option("--subject-dn", help="For tls_client_auth: the certificate's subject, as CN=portal,O=Example.")
@click.option("--san-dns", help="For tls_client_auth: a DNS name of the certificate.")
@click.option("--san-uri", help="For tls_client_auth: a URI of the certificate.")
@click.option("--san-ip", help="For tls_client_auth: an IP address of the certificate.")
@click.option("--san-email", help="For tls_client_auth: an email address of the certificate.")
@json_flag
def create_client(
    client_id: str,
    name: str | None,
    redirect_uris: tuple[str, ...],
    method: str,
    jwks: TextIO | None,
    as_json: bool,
    **subjects: str | None,
) -> None:
    """Register CLIENT_ID."""
    keys = (_read_json(jwks) or {}).get("keys", [])
    body = {"client_id": client_id, "name": name or client_id, "method": method, "jwks": keys}
    body |= {f"tls_client_auth_{part}": value for part, value in subjects.items() if value is not None}
    answer = Client().post("/clients", {**body, "redirect_uris": list(redirect_uris)})
    show(answer, as_json, f"client {answer['id']}")


@click.group()
def issuer() -> None:
    """What the issuer demands of wallets."""


@issuer.command()
@json_flag
def keys(as_json: bool) -> None:
    """Make the issuer's keys for documents that are signed by DID, where they are missing; print them all."""
    answer = Client().post("/issuer-keys", {})
    show(answer, as_json, "\n".join(f"{one['algorithm']} {one['did']}" for one in answer["items"]))


@issuer.command()
@click.option("--profile", "profiles", multiple=True, help="openid4vci-1.0, haip-1.0; replaces those that are set.")
@click.option("--require", "required", multiple=True, help="Part of the policy to turn on, as require_dpop.")
@click.option("--allow", "allowed", multiple=True, help="Part of the policy to turn on, as public_clients.")
@click.option("--display", type=click.File("r", encoding="utf-8"), help="JSON file: name, locale and logo, a list.")
@click.option("--not", "negated", multiple=True, help="Part of the policy to turn off.")
@click.option("--vc-api", type=click.Choice(["off", "authenticated", "open"]), help="Whether there is a VC API.")
@click.option("--status-list-cryptosuite", help="Bitstring Status Lists carry a proof by it, as eddsa-rdfc-2022; none.")
@json_flag
def configure(
    profiles: tuple[str, ...],
    required: tuple[str, ...],
    allowed: tuple[str, ...],
    negated: tuple[str, ...],
    display: TextIO | None,
    vc_api: str | None,
    status_list_cryptosuite: str | None,
    as_json: bool,
) -> None:
    """Turn profiles and parts of the policy on or off; what is not named stays."""
    policy = dict.fromkeys((*required, *allowed), True) | dict.fromkeys(negated, False)
    body: dict[str, Any] = {"profiles": list(profiles)} if profiles else {}
    named = {"vc_api": vc_api, "status_list_cryptosuite": status_list_cryptosuite}
    api = {name: value for name, value in named.items() if value}
    if display:
        body["display"] = _read_json(display)
    Client().patch("/issuer", {**body, **({"policy": policy} if policy else {}), **api})
    show({"set": sorted([*policy, *profiles, *api])}, as_json, "done")


for command in (approvals.approvals, approvals.paid, approvals.policy, approvals.source, approvals.claims):
    issuer.add_command(command)
issuer.add_command(identity_provider)

"""`chancery tenant create|list|suspend|reinstate`."""

from urllib.parse import quote

import click

from agent.cli.client import Client, json_flag, show, stop


@click.group()
def tenant() -> None:
    """Tenants of this server (needs the operator's key)."""


@tenant.command()
@click.argument("name")
@click.option("--display-name", help="What people read; the name by default.")
@click.option("--key-store", "key_stores", multiple=True, metavar="PURPOSE=STORE", help="Where keys are kept.")
@click.option("--country", help="Of its mobile documents: two capital letters.")
@click.option("--configuration", "configurations", multiple=True, default=("pid",), help="pid, mdl, pid_mdoc.")
@click.option("--dedicated", is_flag=True, help="With a database of its own, which is made here.")
@click.option("--server", default="here", show_default=True, help="Of its own database: CHANCERY_DATABASE_SERVERS.")
@json_flag
def create(
    name: str,
    display_name: str | None,
    key_stores: tuple[str, ...],
    country: str | None,
    configurations: tuple[str, ...],
    dedicated: bool,
    server: str,
    as_json: bool,
) -> None:
    """Make a tenant with its keys, certificates and first configuration; prints its administrator's key once.

    Purposes of keys: ca, issuer, verifier, audit, iaca, document_signer, messaging.
    """
    own = {"database": {"server": server, "name": made_database(server, name)}} if dedicated else {}
    stores = {purpose: store for purpose, _, store in (one.partition("=") for one in key_stores)}
    body = {
        "name": name,
        "display_name": display_name or name,
        "key_stores": stores,
        "configurations": list(configurations),
        **({"country": country} if country else {}),
        **own,
    }
    answer = Client(operator=True).post("/tenants", body)
    show(answer, as_json, f"{answer['credential_issuer']}\nadministrator key: {answer['api_key']}")


def made_database(server: str, tenant: str) -> str:
    """An empty database of this version's schema: an administrator's act, which no server process can do."""
    import asyncio

    from asyncpg import PostgresError

    from agent.compose.databases import addresses, addresses_of, make_database, servers
    from agent.config import ConfigurationError, read
    from agent.storage.embedded import EmbeddedPostgres
    from agent.storage.embedded import PostgresError as NoServer

    try:
        config = read()
        if config.database_url:
            where = addresses(config)
        else:
            embedded = EmbeddedPostgres(config.home, config.pg_bin, config.pg_user)
            embedded.locate()
            where = addresses_of(embedded)
        known = servers(config, where)
        if server not in known:
            stop(f"no server {server}; there are {', '.join(known)}", 2)
        name = f"chancery_{tenant}"[:63].replace("-", "_")
        asyncio.run(make_database(known[server], name))
    except (ConfigurationError, NoServer, OSError, PostgresError) as error:
        raise click.ClickException(f"no database was made: {error}") from None
    return name


@tenant.command(name="list")
@json_flag
def list_(as_json: bool) -> None:
    """List the tenants."""
    answer = Client(operator=True).get("/tenants")
    show(
        answer,
        as_json,
        "\n".join(
            f"{one['name']}\t{one['status']}\t{one['id']}\t{one['database'] or 'shared'}" for one in answer["items"]
        ),
    )


@tenant.command()
@click.argument("name")
def suspend(name: str) -> None:
    """Serve nothing of a tenant any more, its status lists included, until it is reinstated."""
    Client(operator=True).patch(f"/tenants/{quote(name, safe='')}", {"status": "suspended"})


@tenant.command()
@click.argument("name")
def reinstate(name: str) -> None:
    """Serve a suspended tenant again."""
    Client(operator=True).patch(f"/tenants/{quote(name, safe='')}", {"status": "active"})

"""`chancery plugins` and `chancery doctor`."""

import asyncio
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass

import click

from agent.cli.client import FAILED, Client, home, json_flag, show


@click.command()
@json_flag
def plugins(as_json: bool) -> None:
    """List the plugins that are installed and which of them are on."""
    answer = Client().get("/plugins")
    lines = [
        f"{'on ' if one['enabled'] else 'off'} {one['family']}/{one['name']} ({one['distribution']})"
        for one in answer["items"]
    ]
    show(answer, as_json, "\n".join(lines))


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    what: str
    well: bool
    fix: str = ""


@click.command()
@json_flag
def doctor(as_json: bool) -> None:
    """Say what is wrong with this installation, and the fix. Ends 1 when something is."""
    findings = [check() for check in (_settings, _binaries, _state, _server, _keys, _schema)]
    lines = [f"{'ok   ' if one.well else 'WRONG'} {one.what}{'' if one.well else f': {one.fix}'}" for one in findings]
    show({"findings": [asdict(one) for one in findings]}, as_json, "\n".join(lines))
    if not all(one.well for one in findings):
        sys.exit(FAILED)


def _look(what: str, check: Callable[[], object], fix: str = "") -> Finding:
    try:
        found = check()
    except Exception as error:
        return Finding(what, False, fix or str(error))
    return Finding(what, found is None or bool(found), fix)


def _settings() -> Finding:
    from agent.config import read

    return _look("settings", read)


def _binaries() -> Finding:
    from agent.config import read
    from agent.storage.embedded import choose_binaries

    def check() -> object:
        config = read()
        return config.database_url or choose_binaries(config.pg_bin, config.home / "postgres")

    return _look("database binaries", check)


def _state() -> Finding:
    folder = home()
    fix = f"start a server with `chancery up`, or set CHANCERY_HOME: {folder} has no url and admin.key"
    return _look("state folder", lambda: (folder / "url").exists() and (folder / "admin.key").exists(), fix)


def _server() -> Finding:
    def check() -> bool:
        url = os.environ.get("CHANCERY_URL") or (home() / "url").read_text(encoding="utf-8").strip()
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:  # noqa: S310  # the operator's own
            return bool(answer.status == 200)

    return _look("server", check, "no server answers at the address in the state folder: start it with `chancery up`")


def _keys() -> Finding:
    def check() -> bool:
        files = [path for path in home().glob("*.key") if path.stat().st_mode & 0o077]
        return not files

    return _look("secrets' modes", check, f"others can read the .key files in {home()}: chmod 600 them")


def _schema() -> Finding:
    from agent.config import read
    from agent.storage import migrate

    def check() -> bool:
        url = read().database_owner_url or read().database_url
        return not url or asyncio.run(migrate.current_revision(url)) == migrate.newest_revision()

    return _look("schema", check, "the database is not at this version's revision: run `chancery migrate`")

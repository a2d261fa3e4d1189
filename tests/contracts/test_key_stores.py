"""The contract of `chancery.key_stores`: Askar on SQLite and on PostgreSQL, PKCS#11 on SoftHSM."""

import secrets
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from aries_askar import Store

from agent.contracts.key_stores import *  # noqa: F403  # the suite
from agent.contracts.key_stores import Sample
from agent.contracts.subjects import Subject
from protocols.ports import KeyHandle


@pytest.fixture(scope="module", params=["askar-sqlite", "askar-postgresql", "pkcs11-softhsm"])
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    if request.param == "pkcs11-softhsm":
        settings = request.getfixturevalue("softhsm").token(f"contract {secrets.token_hex(4)}")
        return made("pkcs11", Sample(settings, (settings["pin"],) if "pin" in settings else ()))
    folder = tmp_path_factory.mktemp("askar")
    uri = f"sqlite://{folder}/keys.db"
    if request.param == "askar-postgresql":
        server = request.getfixturevalue("postgres")
        user = server.admin_dsn.removeprefix("postgresql://").split("@", 1)[0]
        uri = f"postgres://{user}@localhost/askar_{secrets.token_hex(4)}?host={server.socket}"
    key_file = folder / "keys.key"

    async def exposed(handle: KeyHandle) -> list[str]:
        return [key_file.read_text().strip(), *await private_part(uri, key_file, handle)]

    return made("askar", Sample({"uri": uri, "key_file": str(key_file)}, exposed=exposed))


def made(name: str, sample: Any) -> Subject:
    (point,) = entry_points(group="chancery.key_stores", name=name)
    return Subject("key_stores", name, point.load(), sample)


async def private_part(uri: str, key_file: Path, handle: KeyHandle) -> list[str]:
    """What a key's secret would be shown as, read past the plugin."""
    raw = await Store.open(uri, "raw", key_file.read_text().strip())
    async with raw.session() as session:
        secret = (await session.fetch_key(handle.reference)).key.get_secret_bytes()
    await raw.close()
    return [secret.hex(), repr(secret), str(int.from_bytes(secret, "big"))]

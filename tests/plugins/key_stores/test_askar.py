"""What only Askar's store can do wrong: the key of its file."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from plugins.key_stores.askar import AskarKeyStore
from protocols.ports import PluginTools


def test_whoever_begins_at_once_reads_one_key(tmp_path: Path) -> None:
    for round_ in range(20):
        file = tmp_path / str(round_) / "keys.key"
        stores = [AskarKeyStore(PluginTools({"key_file": str(file)}, None, None)) for _ in range(16)]
        with ThreadPoolExecutor(16) as threads:
            keys = set(threads.map(lambda one: one._pass_key(), stores))
        assert len(keys) == 1
        assert len(keys.pop()) > 30
        assert [one.name for one in file.parent.iterdir()] == ["keys.key"]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

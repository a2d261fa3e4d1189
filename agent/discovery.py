"""Plugins by entry point: installed by anybody, switched on by configuration, built with their tools."""

import json
from collections.abc import Callable, Collection, Mapping
from functools import cache
from importlib.metadata import EntryPoint, distribution, entry_points
from pathlib import Path
from typing import Any

from agent.config import Config, ConfigurationError
from protocols import json_ld
from protocols.errors import ProtocolError
from protocols.ports import Fetch, PluginTools, Sandbox

# In this order, so that a family may rest on those before it.
FAMILIES = (
    "did_methods",
    "key_stores",
    "status_mechanisms",
    "cryptosuites",
    "credential_formats",
    "credential_exchanges",
    "client_id_prefixes",
    "trust_resolvers",
    "key_proofs",
    "client_authentication",
    "transports",
    "didcomm_protocols",
    "claim_sources",
    "payment_gates",
)


def installed() -> dict[str, dict[str, Any]]:
    """Every installed plugin's entry point, by family and name."""
    every = entry_points()  # one scan of what is installed, for all families
    return {family: {point.name: point for point in every.select(group=f"chancery.{family}")} for family in FAMILIES}


def _wanted(config: Config) -> dict[str, tuple[str, ...]]:
    wanted = {}
    for part in filter(None, config.plugins.split(";")):
        family, _, names = part.partition(":")
        if family.strip() not in FAMILIES:
            raise ConfigurationError(f"{family!r} is no plugin family; known are {', '.join(FAMILIES)}")
        wanted[family.strip()] = tuple(name.strip() for name in names.split(",") if name.strip())
    return wanted


@cache
def _brought() -> frozenset[EntryPoint]:
    """Those of this project, read once: a distribution parses its metadata each time that it is asked for its name."""
    return frozenset(distribution("chancery").entry_points)


def ours(point: EntryPoint) -> bool:
    """Whether this project brings the plugin; a third party's is off until it is named."""
    return point in _brought()


def switched_on(config: Config) -> dict[str, dict[str, Any]]:
    """The entry points that configuration turns on. Raises ConfigurationError naming what is known."""
    found, wanted = installed(), _wanted(config)
    chosen: dict[str, dict[str, Any]] = {}
    for family, points in found.items():
        if family not in wanted:
            chosen[family] = {name: point for name, point in points.items() if ours(point)}
            continue
        for name in wanted[family]:
            if name not in points:
                known = ", ".join(sorted(points)) or "none"
                raise ConfigurationError(f"no plugin {name!r} in {family}; installed are {known}")
        chosen[family] = {name: points[name] for name in wanted[family]}
    return chosen


def added_contexts(named: str | None) -> dict[str, Any]:
    """The operator's JSON-LD contexts by URL, from a file listing {"url", "file", "sha256"}; the files lie beside it.

    Raises ConfigurationError for a file that is not what its hash says.
    """
    if named is None:
        return {}
    index = Path(named)
    try:
        entries = json.loads(index.read_bytes())
        return {one["url"]: json_ld.pinned((index.parent / one["file"]).read_bytes(), one["sha256"]) for one in entries}
    except (OSError, ValueError, LookupError, TypeError, ProtocolError) as error:
        raise ConfigurationError(f"CHANCERY_PLUGIN_JSON_LD_CONTEXTS cannot be used: {error}") from None


Front = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def build(
    config: Config,
    fetch: Fetch,
    sandbox: Sandbox,
    fronts: Mapping[str, Front] | None = None,
    families: Collection[str] = FAMILIES,
) -> Mapping[str, Mapping[str, Any]]:
    """Every plugin that is on, built; key stores only those that configuration names, as others lack settings.

    `fronts` stand before a whole family, for everybody who uses it, the families after it too; of `families` those that
    are named.
    """
    made: dict[str, Mapping[str, Any]] = {}
    contexts = added_contexts(config.plugin_section("json-ld").get("contexts"))
    used_stores = {config.key_store, *_wanted(config).get("key_stores", ())}
    for family, points in switched_on(config).items():
        if family not in families:
            continue
        built: dict[str, Any] = {}
        for name, point in points.items():
            if family == "key_stores" and name not in used_stores:
                continue
            tools = PluginTools(config.plugin_section(name), fetch, sandbox, made, contexts)
            built[name] = point.load()(tools)
        front = (fronts or {}).get(family)
        made[family] = front(built) if front else built
    return made

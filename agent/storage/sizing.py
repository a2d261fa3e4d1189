"""Settings of the embedded server, sized to the machine: written anew at each start, so that they follow it."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup/memory.max")
CONNECTIONS = 100
SLOW_MILLISECONDS = 500


def machine() -> tuple[int, int]:
    """(memory in MiB, cores) that this process may use; a container's limit counts."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no container, or one without a limit
        memory = min(memory, int(_CGROUP.read_text(encoding="ascii")))
    return memory >> 20, len(os.sched_getaffinity(0))


def sized(memory: int, cores: int, libraries: Collection[str] = ()) -> dict[str, str]:
    """Settings for a machine that the server shares with Chancery; `libraries` are those that can be preloaded.

    The document names figures for one machine of 32 GiB and eight cores; these keep to their proportions, with fewer
    connections, since they stand behind pools.
    """
    settings = {
        "shared_buffers": f"{_within(memory // 8, 64, 8192)}MB",
        "effective_cache_size": f"{max(256, memory // 2)}MB",
        "work_mem": f"{_within(memory // (8 * CONNECTIONS), 4, 64)}MB",
        "maintenance_work_mem": f"{_within(memory // 16, 64, 2048)}MB",
        "max_connections": str(CONNECTIONS),
        "max_worker_processes": str(max(8, cores)),
        "max_parallel_workers": str(max(2, cores)),
        "max_parallel_workers_per_gather": str(_within(cores // 2, 0, 4)),
        "max_parallel_maintenance_workers": str(_within(cores // 2, 1, 4)),
        "wal_buffers": "16MB",
        "wal_compression": "on",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
        "track_io_timing": "on",
    }
    return settings | _counting(libraries) | _LOG


def _counting(libraries: Collection[str]) -> dict[str, str]:
    """Statements are counted where that can be, and only such as have no values in their text."""
    if "pg_stat_statements" not in libraries:
        return {}
    return {
        "shared_preload_libraries": "'pg_stat_statements'",
        "pg_stat_statements.max": "2000",
        "pg_stat_statements.track_utility": "off",
        "pg_stat_statements.save": "on",
    }


# What is slow is logged as its text, where parameters are $1 and stay so. auto_explain would add the plan, but a plan
# that was made for given values shows them; `chancery database advice` shows the plan for any values instead.
_LOG = {
    "log_min_duration_statement": f"{SLOW_MILLISECONDS}ms",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_autovacuum_min_duration": "10s",
    "log_lock_waits": "on",
    "log_statement": "'none'",
    # The text of an error may quote a value: whoever asked gets it, the server's log does not.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}


def rendered(settings: dict[str, str]) -> str:
    """Lines of a configuration file."""
    return "".join(f"{name} = {value}\n" for name, value in settings.items())


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(value, most))

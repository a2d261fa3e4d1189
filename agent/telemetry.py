"""Structured logs with redaction, metrics, traces.

A log record is an event name and code words.  Values that could be secret or personal are never passed in; as a
second line `redact` drops every field whose name is not on the list.
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from prometheus_client import CollectorRegistry, generate_latest

from agent.tallies import Durations, Tally

REQUESTS = Tally("chancery_requests", "Requests answered", "route", "method", "status")
SECONDS = Durations("chancery_request_seconds", "Time to answer", "route")
EVENTS = Tally("chancery_events", "Audit events by type", "type")
STATEMENTS = Tally("chancery_statements", "Statements run")
COMMITS = Tally("chancery_commits", "Transactions committed")
CACHE = Tally("chancery_cache", "Cache look-ups", "kind", "outcome")
REGISTRY = CollectorRegistry()
for _metric in (REQUESTS, SECONDS, EVENTS, STATEMENTS, COMMITS, CACHE):
    REGISTRY.register(_metric)

FIELDS = frozenset(
    {"route", "method", "status", "code", "detail", "tenant", "seconds", "plugin", "task", "attempt", "pid", "port"}
    | {"correlation", "component", "version", "count", "kind", "reason", "error"}
)
_logger = logging.getLogger("chancery")
_tracer: Any = None


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "pid": record.process,
            "event": record.getMessage() if record.name == "chancery" else "library",
            **redact(getattr(record, "fields", {})),
        }
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["where"] = _where(record.exc_info[2])
        return json.dumps(line, default=str)


def _where(traceback: Any) -> list[str]:
    """File, line and function of each frame: never the message, which may quote data."""
    frames = []
    while traceback:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{traceback.tb_lineno}:{code.co_name}")
        traceback = traceback.tb_next
    return frames[-8:]


def redact(fields: Mapping[str, object]) -> dict[str, object]:
    """Only fields on the list, cut to 200 characters."""
    return {
        name: value if isinstance(value, int | float | bool) else str(value)[:200]
        for name, value in fields.items()
        if name in FIELDS
    }


def start(level: str, traces: str = "") -> None:
    """Log JSON lines to standard error; spans to the console exporter when `traces` is "console"."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(level.upper())
    if traces:
        _start_tracing(traces)


def _start_tracing(traces: str) -> None:
    global _tracer  # noqa: PLW0603  # one tracer a process, set once at start
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    provider = TracerProvider()
    out = sys.stderr if traces == "console" else open(traces, "a", encoding="utf-8")  # noqa: SIM115  # for the process's life
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=out)))
    _tracer = provider.get_tracer("chancery")


_UNTRACED: AbstractContextManager[Any] = nullcontext()


def span(name: str, **fields: object) -> AbstractContextManager[Any]:
    """A trace span when tracing is on; costs nothing when it is off. Attributes are redacted like logs."""
    if _tracer is None:
        return _UNTRACED
    attributes = redact(fields)
    return cast(
        AbstractContextManager[Any],
        _tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ),
    )


def log(event: str, level: int = logging.INFO, **fields: object) -> None:
    """One event, in code words."""
    if _logger.isEnabledFor(level):
        _logger.log(level, event, extra={"fields": fields})


def failure(event: str, **fields: object) -> None:
    """An unexpected exception: its type and frames, never its message."""
    _logger.error(event, exc_info=True, extra={"fields": fields})


def metrics() -> bytes:
    """All metrics in the Prometheus text format."""
    return generate_latest(REGISTRY)

"""Metrics that cost an addition say what prometheus_client's own say."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from agent.tallies import Durations, Tally


def text(*collectors: object) -> list[str]:
    """What is told of them, without the moments at which they were made."""
    registry = CollectorRegistry()
    for one in collectors:
        registry.register(one)  # type: ignore[arg-type]  # Counter and Histogram are collectors by shape
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


def test_a_tally_is_told_as_a_counter() -> None:
    tally, counter = Tally("asked", "How often", "route", "status"), Counter("asked", "How often", ["route", "status"])
    for labels in (("/a", "200"), ("/a", "200"), ('/"b\n', "404")):
        tally.count(*labels)
        counter.labels(*labels).inc()
    assert text(tally) == text(counter)


def test_a_tally_without_labels_begins_at_zero() -> None:
    tally, counter = Tally("commits", "How often"), Counter("commits", "How often")
    assert text(tally) == text(counter)
    tally.count()
    counter.inc()
    assert text(tally) == text(counter)


def test_durations_are_told_as_a_histogram() -> None:
    durations, histogram = Durations("took", "Seconds", "route"), Histogram("took", "Seconds", ["route"])
    for seconds in (0.0, 0.005, 0.0051, 0.25, 7.0, 10.0, 11.0):
        durations.observe("/a", seconds)
        histogram.labels("/a").observe(seconds)
    assert text(durations) == text(histogram)

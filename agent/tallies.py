"""Metrics whose counting is an addition: prometheus_client's own take a lock and look at each number.

Counted on the event loop's thread, read by prometheus_client when somebody asks for all metrics.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client import Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_BOUNDS: Sequence[float] = Histogram.DEFAULT_BUCKETS
"""Seconds, the last of them infinite."""
_NAMES = [*(str(bound) for bound in _BOUNDS[:-1]), "+Inf"]


class Tally(Collector):
    """A counter for each combination of label values; without labels, one that begins at zero."""

    def __init__(self, name: str, documentation: str, *labels: str) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._counts: defaultdict[Sequence[str], int] = defaultdict(int, {} if labels else {(): 0})

    def count(self, *labels: str) -> None:
        """One more, under these label values."""
        self._counts[labels] += 1

    def collect(self) -> Iterable[Metric]:
        """What was counted so far."""
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, count in self._counts.copy().items():
            family.add_metric(labels, count)
        yield family


class Durations(Collector):
    """A histogram of seconds for each value of one label."""

    def __init__(self, name: str, documentation: str, label: str) -> None:
        self._name, self._documentation, self._label = name, documentation, label
        self._counts: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(_BOUNDS))
        self._sums: defaultdict[str, float] = defaultdict(float)

    def observe(self, label: str, seconds: float) -> None:
        """One more, which took so long."""
        self._counts[label][bisect_left(_BOUNDS, seconds)] += 1
        self._sums[label] += seconds

    def collect(self) -> Iterable[Metric]:
        """How many took at most so long, and how long all took together."""
        family = HistogramMetricFamily(self._name, self._documentation, labels=[self._label])
        for label, counts in self._counts.copy().items():
            buckets = list(zip(_NAMES, accumulate(counts), strict=True))
            family.add_metric([label], buckets, self._sums[label])
        yield family

"""Times in credentials are rounded: to the second they would tell which credentials were issued together (15.4.1)."""

from datetime import UTC, datetime, timedelta

_STEPS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))
_PARTS = 24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rounded(now: datetime, lifetime: timedelta | None, not_before: datetime | None = None) -> datetime:
    """The last whole day, hour, minute or second: what takes no more than a 24th of the lifetime away.

    Never before the issuer's own certificate, whose beginning many share.
    """
    step = next((one for one in _STEPS if lifetime is None or one * _PARTS <= lifetime), _STEPS[-1])
    found = now - (now - _EPOCH) % step
    return found if not_before is None else max(found, not_before)

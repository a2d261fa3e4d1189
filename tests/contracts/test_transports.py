"""The contract of `chancery.transports`, for every plugin of ours."""

from agent.contracts.transports import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("transports")

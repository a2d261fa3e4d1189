"""The contract of `chancery.status_mechanisms`, for every plugin of ours."""

from agent.contracts.status_mechanisms import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("status_mechanisms")

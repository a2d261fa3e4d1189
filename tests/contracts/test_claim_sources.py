"""The contract of `chancery.claim_sources`, for every plugin of ours."""

from agent.contracts.claim_sources import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("claim_sources")

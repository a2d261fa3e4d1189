"""The contract of `chancery.didcomm_protocols`, for every plugin of ours."""

from agent.contracts.didcomm_protocols import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("didcomm_protocols")

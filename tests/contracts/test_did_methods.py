"""The contract of `chancery.did_methods`, for every plugin of ours."""

from agent.contracts.did_methods import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("did_methods")

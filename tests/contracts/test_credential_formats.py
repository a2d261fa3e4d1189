"""The contract of `chancery.credential_formats`, for every plugin of ours."""

from agent.contracts.credential_formats import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("credential_formats")

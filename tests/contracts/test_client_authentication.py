"""The contract of `chancery.client_authentication`, for every plugin of ours."""

from agent.contracts.client_authentication import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("client_authentication")

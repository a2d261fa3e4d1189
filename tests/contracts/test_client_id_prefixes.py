"""The contract of `chancery.client_id_prefixes`, for every plugin of ours."""

from agent.contracts.client_id_prefixes import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("client_id_prefixes")

"""The contract of `chancery.credential_exchanges`, for every plugin of ours."""

from agent.contracts.credential_exchanges import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("credential_exchanges")

"""The contract of `chancery.cryptosuites`, for every plugin of ours."""

from agent.contracts.cryptosuites import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("cryptosuites")

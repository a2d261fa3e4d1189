"""The contract of `chancery.trust_resolvers`, for every plugin of ours."""

from agent.contracts.trust_resolvers import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("trust_resolvers")

"""The contract of `chancery.key_proofs`, for every plugin of ours."""

from agent.contracts.key_proofs import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("key_proofs")

"""The contract of `chancery.payment_gates`, for every plugin of ours."""

from agent.contracts.payment_gates import *  # noqa: F403  # the suite
from tests.contracts.samples import subjects

SUBJECTS = subjects("payment_gates")

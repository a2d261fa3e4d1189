"""Passwords hashed by the real argon2id, at the least cost: thousands of sign-ins wait for nothing."""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from argon2 import PasswordHasher

from agent.operations.signing_in import sign_in

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def house_hasher() -> Iterator[PasswordHasher]:
    """The hasher that the server has when nobody makes it cheap."""
    costly = sign_in._hasher
    with patch.multiple(sign_in, _hasher=CHEAP, _NOBODY=CHEAP.hash("nobody has this password")):
        yield costly

"""Passwords are hashed beside the loop, on threads of their own."""

import asyncio
import os
import threading

from argon2 import PasswordHasher

from agent.operations.signing_in.sign_in import _NO_ACCOUNT, hash_password


def test_nobodys_password_is_hashed_as_all_others_are() -> None:
    # Otherwise the time of an answer would tell who has an account.
    assert not PasswordHasher().check_needs_rehash(_NO_ACCOUNT.password_hash)


async def test_hashing_keeps_the_loop_free_on_no_more_threads_than_cores() -> None:
    hashing = asyncio.gather(*(hash_password(f"password {number}") for number in range(3 * (os.cpu_count() or 1))))
    beats = 0
    while not hashing.done():
        await asyncio.sleep(0)
        beats += 1
    assert beats > 1
    assert len(set(await hashing)) == 3 * (os.cpu_count() or 1)
    named = [one.name for one in threading.enumerate() if one.name.startswith("argon2id")]
    assert 1 <= len(named) <= (os.cpu_count() or 1)

"""What a password costs whoever guesses it."""

from argon2 import PasswordHasher, Type


def test_a_guess_costs_what_the_advice_says(house_hasher: PasswordHasher) -> None:
    """At least the least that OWASP advises for argon2id: 19 MiB, two passes."""
    assert house_hasher.type is Type.ID
    assert house_hasher.memory_cost >= 19 * 1024
    assert house_hasher.time_cost >= 2
    assert house_hasher.salt_len >= 16

"""Sealed values, blind indexes, derived secrets, people's keys."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from agent.encryption.permutation import permute
from agent.encryption.sealing import DoesNotOpen, KeyDestroyed, data_key, key_id_of
from agent.encryption.vault import PURPOSES, TenantVault, new_tenant_keys, normalise, unlock
from plugins.key_stores.askar import AskarKeyStore
from protocols.errors import Malformed
from protocols.ports import PluginTools

TENANT, ROW, OLD, NEW = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)


def vault(tenant: UUID = TENANT, newest: UUID = NEW) -> TenantVault:
    keys = {OLD: data_key(OLD, b"o" * 32), NEW: data_key(NEW, b"n" * 32)}
    return TenantVault(tenant, keys, newest, b"b" * 32, b"d" * 32)


@given(st.binary(max_size=2000))
def test_what_was_sealed_opens_and_shows_nothing(plaintext: bytes) -> None:
    sealed = vault().seal("credentials", "claims", ROW, plaintext)
    assert vault().open("credentials", "claims", ROW, sealed) == plaintext
    assert len(sealed) == 1 + 16 + 12 + len(plaintext) + 16
    assert len(plaintext) < 4 or plaintext not in sealed
    assert vault().seal("credentials", "claims", ROW, plaintext) != sealed


@pytest.mark.parametrize(
    ("table", "column", "row", "tenant"),
    [
        ("credential", "claims", ROW, TENANT),
        ("credentials", "subject", ROW, TENANT),
        ("credentials", "claims", UUID(int=9), TENANT),
        ("credentials", "claims", ROW, UUID(int=9)),
    ],
)
def test_a_value_moved_elsewhere_does_not_open(table: str, column: str, row: UUID, tenant: UUID) -> None:
    sealed = vault().seal("credentials", "claims", ROW, b"Erika")
    with pytest.raises(DoesNotOpen):
        vault(tenant).open(table, column, row, sealed)


@given(st.integers(0, 49), st.integers(1, 255))
def test_no_flipped_byte_opens(place: int, flip: int) -> None:
    sealed = bytearray(vault().seal("t", "c", ROW, b"Erika"))
    sealed[place] ^= flip
    with pytest.raises((DoesNotOpen, KeyDestroyed)):
        vault().open("t", "c", ROW, bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x02" + bytes(44), bytes(60)])
def test_what_is_no_sealed_value_is_an_error(sealed: bytes) -> None:
    with pytest.raises(DoesNotOpen):
        vault().open("t", "c", ROW, sealed)


def test_an_older_key_still_opens_and_the_newest_seals() -> None:
    old = vault(newest=OLD).seal("t", "c", ROW, b"Erika")
    assert key_id_of(old) == OLD
    assert vault().open("t", "c", ROW, old) == b"Erika"
    assert key_id_of(vault().seal("t", "c", ROW, b"Erika")) == NEW == vault().data_key_id


def test_a_destroyed_data_key_opens_nothing() -> None:
    sealed = vault(newest=OLD).seal("t", "c", ROW, b"Erika")
    left = TenantVault(TENANT, {NEW: data_key(NEW, b"n" * 32)}, NEW, b"b" * 32, b"d" * 32)
    with pytest.raises(KeyDestroyed):
        left.open("t", "c", ROW, sealed)


def test_a_person_whose_key_is_gone_is_gone() -> None:
    person = uuid4()
    key, wrapped = vault().new_subject_key(person)
    sealed = vault().seal("credentials", "claims", ROW, b"Erika", key)
    again = vault().subject_key(person, wrapped)
    assert vault().open("credentials", "claims", ROW, sealed, again) == b"Erika"
    with pytest.raises(KeyDestroyed):
        vault().subject_key(person, None)
    with pytest.raises(KeyDestroyed):  # without the person's key the tenant's own is no help
        vault().open("credentials", "claims", ROW, sealed)
    with pytest.raises(DoesNotOpen):  # nor is another person's row
        vault().subject_key(uuid4(), wrapped)


def test_a_key_does_not_print_itself() -> None:
    assert repr(data_key(OLD, b"o" * 32)) == f"DataKey({OLD})"
    with pytest.raises(ValueError, match="32 bytes"):
        data_key(OLD, b"short")


@pytest.mark.parametrize(
    ("one", "other"), [(" Erika@Example.ORG ", "erika@example.org"), ("ﬁne", "fine"), ("Straße", "STRASSE")]
)
def test_spellings_that_people_take_for_equal_are_equal(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)
    assert vault().blind("email", one) == vault().blind("email", other)


def test_blind_indexes_differ_by_field_value_and_tenant_key() -> None:
    other = TenantVault(TENANT, {NEW: data_key(NEW, b"n" * 32)}, NEW, b"c" * 32, b"d" * 32)
    found = {
        vault().blind("email", "a@b"),
        vault().blind("name", "a@b"),
        vault().blind("email", "a@c"),
        other.blind("email", "a@b"),
    }
    assert len(found) == 4


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_no_two_lists_derive_alike(one: list[bytes], other: list[bytes]) -> None:
    assert (vault().derive("code", *one) == vault().derive("code", *other)) == (one == other)


@given(st.integers(1, 600), st.binary(min_size=32, max_size=32))
def test_a_permutation_is_a_bijection(size: int, key: bytes) -> None:
    assert sorted(permute(key, size, place) for place in range(size)) == list(range(size))


def test_neighbours_become_strangers() -> None:
    went = [permute(b"k" * 32, 1 << 17, place) for place in range(1000)]
    assert sum(abs(a - b) < 100 for a, b in itertools.pairwise(went)) < 20
    for place in (-1, 10):
        with pytest.raises(ValueError, match="outside"):
            permute(b"k" * 32, 10, place)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[AskarKeyStore]:
    settings = {"uri": f"sqlite://{tmp_path}/kek.db", "key_file": str(tmp_path / "kek.key")}
    made = AskarKeyStore(PluginTools(settings, None, None))
    await made.open()
    yield made
    await made.close()


async def test_a_tenants_keys_open_with_its_kek_and_nowhere_else(store: AskarKeyStore) -> None:
    kek = await store.generate("A256GCM")
    rows = await new_tenant_keys(TENANT, kek, store, [uuid4() for _ in PURPOSES])
    sealed = (await unlock(TENANT, rows, store)).seal("t", "c", ROW, b"Erika")
    assert (await unlock(TENANT, rows, store)).open("t", "c", ROW, sealed) == b"Erika"
    with pytest.raises(Malformed):
        await unlock(UUID(int=9), rows, store)
    swapped = [
        replace(row, purpose={"data": "blind_index", "blind_index": "data"}.get(row.purpose, row.purpose))
        for row in rows
    ]
    with pytest.raises(Malformed):
        await unlock(TENANT, swapped, store)


@pytest.mark.parametrize("purpose", ["data", "blind_index", "derivation"])
async def test_a_tenant_with_a_key_destroyed_stays_shut(store: AskarKeyStore, purpose: str) -> None:
    kek = await store.generate("A256GCM")
    rows = await new_tenant_keys(TENANT, kek, store, [uuid4() for _ in PURPOSES])
    left = [replace(row, wrapped=None) if row.purpose == purpose else row for row in rows]
    with pytest.raises(KeyDestroyed):
        await unlock(TENANT, left, store)

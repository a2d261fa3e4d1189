"""A tenant's keys, unlocked: KEK in the key store -> tenant keys -> subject keys -> fields."""

import secrets
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from agent.encryption.sealing import DataKey, KeyDestroyed, data_key, key_id_of, place, seal, unseal
from protocols.ports import KeyHandle, KeyStore

PURPOSES = ("data", "blind_index", "derivation", "archive")


@dataclass(frozen=True, slots=True)
class WrappedTenantKey:
    """A row of tenant_keys: `wrapped` is None once the key was destroyed."""

    id: UUID
    purpose: str
    version: int
    kek_ref: str
    kek_epoch: int
    wrapped: bytes | None


class TenantVault:
    """Seals, opens, blinds and derives for one tenant; nothing waits once it is unlocked.

    `data` are the tenant's data keys by id, the newest named by `newest`; `archive` the archive's, oldest
    first.  Subject keys come and go with the rows that hold them wrapped.
    """

    def __init__(
        self,
        tenant: UUID,
        data: Mapping[UUID, DataKey],
        newest: UUID,
        blind_key: bytes,
        derivation_key: bytes,
        archive: Mapping[UUID, DataKey] | None = None,
    ) -> None:
        self.tenant = tenant
        self._data = data
        self._newest = data[newest]
        self._blind = HMAC(blind_key, SHA256())
        self._archive = archive or {}
        self._derive = HMAC(derivation_key, SHA256())

    @property
    def data_key_id(self) -> UUID:
        """The id of the newest data key, which wraps subject keys."""
        return self._newest.id

    def archive_key(self, key_id: UUID | None = None) -> DataKey:
        """The key that an object of the archive lies under; the newest by default. Raises KeyDestroyed."""
        found = self._archive.get(key_id or next(reversed([*self._archive]), UUID(int=0)))
        if found is None:
            raise KeyDestroyed("archive key")
        return found

    def seal(self, table: str, column: str, row_id: UUID, plaintext: bytes, key: DataKey | None = None) -> bytes:
        """A sealed value under the subject's key, or the tenant's newest data key."""
        return seal(key or self._newest, plaintext, place(table, column, self.tenant, row_id))

    def open(self, table: str, column: str, row_id: UUID, sealed: bytes, key: DataKey | None = None) -> bytes:
        """The plaintext. Raises KeyDestroyed, DoesNotOpen."""
        found = key or self._data.get(key_id_of(sealed))
        if found is None:
            raise KeyDestroyed("data key")
        return unseal(found, sealed, place(table, column, self.tenant, row_id))

    def blind(self, field: str, value: str) -> bytes:
        """HMAC-SHA-256 of the normalised value under the tenant's key; equal values of one field are equal."""
        mac = self._blind.copy()
        mac.update(field.encode() + b"\0" + normalise(value).encode())
        return mac.finalize()

    def derive(self, label: str, *parts: bytes) -> bytes:
        """32 bytes for a label and parts; each part is length-prefixed, so that no two lists look alike."""
        mac = self._derive.copy()
        mac.update(label.encode())
        for part in parts:
            mac.update(len(part).to_bytes(4, "big") + part)
        return mac.finalize()

    def new_subject_key(self, key_id: UUID) -> tuple[DataKey, bytes]:
        """(key, wrapped under the newest data key) for a person: destroying the wrapped one erases the person."""
        secret = secrets.token_bytes(32)
        wrapped = seal(self._newest, secret, place("subject_keys", "wrapped_key", self.tenant, key_id))
        return data_key(key_id, secret), wrapped

    def subject_key(self, key_id: UUID, wrapped: bytes | None) -> DataKey:
        """A person's key. Raises KeyDestroyed when the person was erased."""
        if wrapped is None:
            raise KeyDestroyed("subject key")
        found = self._data.get(key_id_of(wrapped))
        if found is None:
            raise KeyDestroyed("wrapping key")
        return data_key(key_id, unseal(found, wrapped, place("subject_keys", "wrapped_key", self.tenant, key_id)))


def normalise(value: str) -> str:
    """Unicode NFKC, case folded, outer blanks removed: spellings of one address or name that people take for equal."""
    return unicodedata.normalize("NFKC", value).casefold().strip()


def _associated(tenant: UUID, key_id: UUID, purpose: str) -> bytes:
    return f"tenant_keys|{tenant}|{key_id}|{purpose}".encode()


async def new_tenant_keys(
    tenant: UUID, kek: KeyHandle, store: KeyStore, key_ids: Sequence[UUID]
) -> tuple[WrappedTenantKey, ...]:
    """One fresh key for each purpose, wrapped by the key-encryption key. Waits for the key store."""
    made = []
    for purpose, key_id in zip(PURPOSES, key_ids, strict=True):
        wrapped = await store.wrap(kek, secrets.token_bytes(32), _associated(tenant, key_id, purpose))
        made.append(WrappedTenantKey(key_id, purpose, 1, f"{kek.store}:{kek.reference}", 1, wrapped))
    return tuple(made)


async def unlock(tenant: UUID, rows: Sequence[WrappedTenantKey], store: KeyStore) -> TenantVault:
    """Unwrap a tenant's keys. Raises KeyDestroyed when the newest of a purpose is gone, KeyStoreUnavailable."""
    secrets_by_purpose: dict[str, dict[UUID, bytes]] = {purpose: {} for purpose in PURPOSES}
    for row in sorted(rows, key=lambda row: row.version):
        if row.wrapped is None:
            continue
        name, _, reference = row.kek_ref.partition(":")
        kek = KeyHandle(name, reference, "A256GCM")
        key = await store.unwrap(kek, row.wrapped, _associated(tenant, row.id, row.purpose))
        secrets_by_purpose[row.purpose][row.id] = key
    for purpose in ("data", "blind_index", "derivation"):
        if not secrets_by_purpose[purpose]:
            raise KeyDestroyed(purpose)
    data = {key_id: data_key(key_id, key) for key_id, key in secrets_by_purpose["data"].items()}
    return TenantVault(
        tenant,
        data,
        list(data)[-1],
        list(secrets_by_purpose["blind_index"].values())[-1],
        list(secrets_by_purpose["derivation"].values())[-1],
        {key_id: data_key(key_id, key) for key_id, key in secrets_by_purpose["archive"].items()},
    )

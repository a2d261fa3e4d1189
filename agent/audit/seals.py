"""Seals: a signed statement over a range of transactions, its leaves, and the seal before."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import rfc8785

from agent.audit import merkle
from protocols.encoding import b64url

FIRST = bytes(32)


@dataclass(frozen=True, slots=True)
class Seal:
    """One round of sealing. `from_xact` is inclusive, `to_xact` exclusive; `signature` is over `statement`."""

    tenant_id: UUID
    seal_no: int
    epoch: int
    from_xact: int
    to_xact: int
    leaves: tuple[bytes, ...]
    prev_hash: bytes
    algorithm: str
    key_thumbprint: bytes
    signature: bytes = b""

    @property
    def merkle_root(self) -> bytes:
        """The root over the leaves."""
        return merkle.root(self.leaves)

    @property
    def statement(self) -> bytes:
        """What is signed: everything about the seal, its leaves by their root, as RFC 8785 JSON."""
        return rfc8785.dumps(
            {
                "tenant_id": str(self.tenant_id),
                "seal_no": self.seal_no,
                "epoch": self.epoch,
                "from_xact": str(self.from_xact),
                "to_xact": str(self.to_xact),
                "leaf_count": len(self.leaves),
                "merkle_root": b64url(self.merkle_root),
                "prev_hash": b64url(self.prev_hash),
                "algorithm": self.algorithm,
                "key_thumbprint": b64url(self.key_thumbprint),
            }
        )

    @property
    def seal_hash(self) -> bytes:
        """What the next seal refers to."""
        return sha256(self.statement).digest()


def head_statement(tenant: UUID, seal_no: int, seal_hash: bytes, at: str) -> bytes:
    """What an export's first line is signed over: how far the chain went at that moment."""
    return rfc8785.dumps({"tenant_id": str(tenant), "seal_no": seal_no, "seal_hash": b64url(seal_hash), "at": at})

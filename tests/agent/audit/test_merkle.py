"""Merkle trees: the published roots of RFC 6962's reference data, and proofs that prove."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from agent.audit import merkle

# Inputs and roots published with the Certificate Transparency reference implementation.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_published_roots() -> None:
    leaves = [merkle.leaf_hash(bytes.fromhex(data)) for data in INPUTS]
    assert merkle.root([]) == sha256(b"").digest()
    for size, expected in enumerate(ROOTS, 1):
        assert merkle.root(leaves[:size]).hex() == expected


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
def test_a_proof_proves_its_leaf_and_no_other(data: list[bytes], draw: st.DataObject) -> None:
    leaves = [merkle.leaf_hash(bytes([at]) + one) for at, one in enumerate(data)]
    index = draw.draw(st.integers(0, len(leaves) - 1))
    root, proof = merkle.root(leaves), merkle.inclusion_proof(index, leaves)
    assert merkle.proves_inclusion(leaves[index], index, len(leaves), proof, root)
    assert not merkle.proves_inclusion(merkle.leaf_hash(b"other"), index, len(leaves), proof, root)
    assert not merkle.proves_inclusion(leaves[index], len(leaves), len(leaves), proof, root)
    if proof:
        assert not merkle.proves_inclusion(leaves[index], index, len(leaves), proof[:-1], root)

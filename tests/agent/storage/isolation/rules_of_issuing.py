"""Rules of data that the database keeps by itself: issuers, credentials, keys, status lists."""

from tests.agent.storage.isolation.cases import CHECK, UNIQUE, Cases
from tests.agent.storage.isolation.world import ALPHA, SEALED, digest, named

CASES = Cases()

_ISSUER = "INSERT INTO issuers (id, identifier_kind, identifier, name, type) VALUES ($1, $2, $3, 'A', 'company')"
ISSUER, CREDENTIAL, LIST = named("issuer"), named("issued"), named("list")
AN_ISSUER = (_ISSUER, ISSUER, "https", "https://alpha.example")
CASES.taken("an issuer is known by its https identifier", AN_ISSUER)
CASES.refused("an x509 issuer needs its certificate", (_ISSUER, ISSUER, "x509", "abc"), code=CHECK)
CASES.refused("a did identifier is a did", (_ISSUER, ISSUER, "did", "https://alpha.example"), code=CHECK)

_CREDENTIAL = """INSERT INTO credentials (id, role, issuer_id, wallet_id, credential_id, type, format, holder_key_index,
    issuer_identifier_kind, issuer_identifier, issued_at, status, proof_sealed)
  VALUES (coalesce($1, gen_random_uuid()), $2, $3, $4, $5, 'urn:T', $6, $7, 'https', 'https://alpha.example', now(), 'active', $8)"""
AN_ISSUED = (_CREDENTIAL, CREDENTIAL, "issued", ISSUER, None, "urn:same", "x-plugin-format", digest("key"), None)
_SAME = (_CREDENTIAL, None, "issued", ISSUER, None, "urn:same", "dc+sd-jwt", digest("key"), None)
_OWN = (_CREDENTIAL, None, "held", None, None, "urn:held", "dc+sd-jwt", None, SEALED)
_NO_PROOF = (_CREDENTIAL, None, "held", None, ALPHA.wallet, "urn:held", "dc+sd-jwt", None, None)
CASES.taken(
    "an issued credential has no wallet, no copy, a plugin's format and the id of a held one", AN_ISSUER, AN_ISSUED
)
CASES.taken("a credential that the tenant itself holds has no wallet", _OWN)
CASES.refused("a held credential needs its proof", _NO_PROOF, code=CHECK)
CASES.refused("an id is used once in a role", AN_ISSUER, AN_ISSUED, _SAME, code=UNIQUE)

_KEY = """INSERT INTO key_pairs (id, owner, wallet_id, key_id, key_index, type, purpose, algorithm, public_key,
    public_sealed, thumbprint_index, key_store, private_key_ref, rotation_of)
  VALUES ($1, $2, $3, $4, $5, 'EC/P-256', $6, 'ES256', $7, $8, $5, 'askar', $9, $10)"""
_FIRST = (_KEY, named("k1"), "tenant", None, "k1", digest("k1"), "issuer", b"p", None, SEALED, None)
_SECOND = (_KEY, named("k2"), "tenant", None, "k2", digest("k2"), "issuer", b"p", None, SEALED, named("k1"))
_NOBODYS = (_KEY, named("k3"), "wallet", None, None, digest("k3"), "holder", None, SEALED, SEALED, None)
_IN_CLEAR = (
    _KEY,
    named("k3"),
    "wallet",
    ALPHA.wallet,
    "did:peer:x#1",
    digest("k3"),
    "holder",
    b"p",
    None,
    SEALED,
    None,
)
_RETIRE = ("UPDATE key_pairs SET state = 'retiring' WHERE id = $1", named("k1"))
_DESTROY = ("UPDATE key_pairs SET state = 'destroyed' WHERE id = $1", named("k1"))
CASES.taken("a key may be the tenant's own", _FIRST)
CASES.refused("a purpose has one active key", _FIRST, _SECOND, code=UNIQUE)
CASES.taken("a retiring key makes room for the next one", _FIRST, _RETIRE, _SECOND)
CASES.refused("a wallet's key needs a wallet", _NOBODYS, code=CHECK)
CASES.refused("a wallet's key is not kept in clear", _IN_CLEAR, code=CHECK)
CASES.refused("a destroyed key keeps no private part", _FIRST, _DESTROY, code=CHECK)

A_LIST = (
    """INSERT INTO revocation_registries (id, issuer_id, registry_url, type, max_entries)
       VALUES ($1, $2, 'https://alpha.example/s/1', 'x-plugin-status', 1000000)""",
    *(LIST, ISSUER),
)
_ENTRY = "INSERT INTO status_list_entries (registry_id, idx, block_no, credential_id) VALUES ($1, $2, 0, $3)"
AN_ENTRY, A_DECOY = (_ENTRY, LIST, 77, CREDENTIAL), (_ENTRY, LIST, 78, None)
_AGAIN = (_ENTRY, LIST, 77, None)
_BLOCK = (
    "INSERT INTO status_list_blocks (registry_id, block_no, first_place, size, taken_by) VALUES ($1, 0, 0, 256, $2)"
)
CASES.taken("a status list may be of a type that a plugin adds", AN_ISSUER, A_LIST)
CASES.refused("an entry has one owner", AN_ISSUER, AN_ISSUED, A_LIST, AN_ENTRY, _AGAIN, code=UNIQUE)
CASES.refused("a block is taken once", AN_ISSUER, A_LIST, (_BLOCK, LIST, "p1"), (_BLOCK, LIST, "p2"), code=UNIQUE)

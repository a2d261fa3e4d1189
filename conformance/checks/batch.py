"""Many proofs in one request, and key attestations (OpenID4VCI 1.0, 3.3, 8.2, 15.4.1, appendices D and F)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from conformance import sd_jwt
from conformance.client import Provider
from conformance.forging import turned_bit, untrusted_chain
from conformance.http import Answer
from conformance.jose import Key
from conformance.registry import check, check_each
from conformance.session import Session, standing
from conformance.status_list import reference_of
from conformance.verdict import expect, expect_error, skip
from conformance.wallet import Issuance
from conformance.x509 import chain_of

MOST = 4
DAY = 86_400
REFUSED_PROOF = ("invalid_proof", "invalid_nonce")


@dataclass(frozen=True, slots=True)
class Batch:
    """The credentials of one request, and the keys in the order of their proofs."""

    keys: tuple[Key, ...]
    credentials: tuple[sd_jwt.SdJwt, ...]


async def _ready(session: Session) -> tuple[Issuance, int]:
    """An issuance, and the batch size."""
    batch = (await session.issuer()).get("batch_credential_issuance")
    if not isinstance(batch, dict) or not isinstance(batch.get("batch_size"), int):
        skip("the issuer announces no batches")
    return await Issuance.authorized(session), int(batch["batch_size"])


async def _proofs(issuance: Issuance, keys: list[Key], nonces: list[str | None] | None = None) -> list[str]:
    nonce = await issuance.nonce()
    given = nonces or [nonce] * len(keys)
    proofs = []
    for key, one in zip(keys, given, strict=True):
        issuance.key = key
        proofs.append(key.jws(issuance.proof_header(), issuance.proof_claims(one)))
    return proofs


async def _batch(session: Session) -> Batch:
    async def make() -> Batch:
        issuance, size = await _ready(session)
        keys = [Key() for _ in range(min(size, MOST))]
        answer = await issuance.post_credential(issuance.credential_request(*await _proofs(issuance, keys)))
        given = standing(answer, "credentials")["credentials"]
        return Batch(tuple(keys), tuple(sd_jwt.parse(one["credential"]) for one in given))

    return await session.once("batch", make)


@check("batch-issued")
async def one_for_each_proof(session: Session) -> None:
    """Several proofs: as many credentials."""
    batch = await _batch(session)
    expect(len(batch.credentials) == len(batch.keys), f"{len(batch.keys)} credentials", len(batch.credentials))


@check("batch-keys")
async def each_is_bound_to_its_own_key(session: Session) -> None:
    """Every proven key is bound in one credential."""
    batch = await _batch(session)
    bound = sorted(str(one.payload.get("cnf", {}).get("jwk", {}).get("x")) for one in batch.credentials)
    expect(bound == sorted(key.jwk["x"] for key in batch.keys), "each key once", bound)


@check("batch-salts")
async def salts_are_not_shared(session: Session) -> None:
    """No salt in two credentials of a batch."""
    salts = [d.salt for one in (await _batch(session)).credentials for d in one.disclosures]
    expect(len(set(salts)) == len(salts), "salts that are all different", f"{len(salts) - len(set(salts))} again")


@check("batch-claims")
async def claims_are_the_same(session: Session) -> None:
    """One dataset: the same claims in each credential of a batch."""
    odd = {"cnf", "status", "iat", "nbf", "exp", "jti"}
    found = [
        {name: value for name, value in sd_jwt.process(one).items() if name not in odd}
        for one in (await _batch(session)).credentials
    ]
    expect(all(one == found[0] for one in found), "the same claims", "others")


def _begins(credential: sd_jwt.SdJwt) -> int:
    header = credential.jws.header
    return int(chain_of(header)[0].not_valid_before_utc.timestamp()) if "x5c" in header else 0


@check("batch-times")
async def times_do_not_link(session: Session) -> None:
    """iat and exp are rounded or differ: to the second they tell which credentials belong together.

    The beginning of the issuer's certificate counts as rounded: every credential of that day shares it.
    """
    credentials = (await _batch(session)).credentials
    for name in ("iat", "nbf", "exp"):
        times = [(one.payload[name], _begins(one)) for one in credentials if name in one.payload]
        precise = [time for time, begins in times if time % 60 and (time - begins) % DAY]
        expect(len(set(precise)) == len(precise), f"{name} rounded, or different in each", [time for time, _ in times])


@check("batch-status-unique")
async def entries_are_not_shared(session: Session) -> None:
    """Each credential of a batch has its own entry in the status list."""
    credentials = [one for one in (await _batch(session)).credentials if "status" in one.payload]
    if not credentials:
        skip("the credentials have no status")
    entries = [reference_of(one.payload) for one in credentials]
    expect(len({(e.uri, e.index) for e in entries}) == len(entries), "an entry for each", "shared ones")


@check("batch-status-random")
async def entries_are_not_a_sequence(session: Session) -> None:
    """The entries of a batch are no arithmetic sequence."""
    credentials = [one for one in (await _batch(session)).credentials if "status" in one.payload]
    if len(credentials) < 3:
        skip("fewer than three credentials with a status")
    indexes = [reference_of(one.payload).index for one in credentials]
    steps = {after - before for before, after in pairwise(indexes)}
    expect(len(steps) > 1, "no equal distances", indexes)


@check("batch-too-many")
async def size_is_enforced(session: Session) -> None:
    """One proof more than batch_size."""
    issuance, size = await _ready(session)
    if size > 50:
        skip("more proofs than the suite makes")
    keys = [Key() for _ in range(size + 1)]
    answer = await issuance.post_credential(issuance.credential_request(*await _proofs(issuance, keys)))
    expect_error(answer, "invalid_proof", "invalid_credential_request")


@check("batch-one-key-twice")
async def keys_are_not_repeated(session: Session) -> None:
    """Two proofs of one key: two credentials that anybody links."""
    issuance, _ = await _ready(session)
    key = Key()
    answer = await issuance.post_credential(issuance.credential_request(*await _proofs(issuance, [key, key])))
    expect_error(answer, "invalid_proof", "invalid_credential_request")


@check("batch-one-bad-proof")
async def every_proof_is_checked(session: Session) -> None:
    """Two proofs, the second with a bit of its signature turned: no credential at all."""
    issuance, _ = await _ready(session)
    first, second = await _proofs(issuance, [Key(), Key()])
    expect_error(
        await issuance.post_credential(issuance.credential_request(first, turned_bit(second))), "invalid_proof"
    )


@check("batch-nonces")
async def nonces_are_one(session: Session) -> None:
    """Two proofs, the second with a nonce nobody issued."""
    issuance, _ = await _ready(session)
    proofs = await _proofs(issuance, [Key(), Key()], [await issuance.nonce(), "made-up"])
    expect_error(await issuance.post_credential(issuance.credential_request(*proofs)), *REFUSED_PROOF)


# Key attestations


async def _attester(session: Session, kind: str) -> tuple[Issuance, Provider]:
    provider = Provider.of(session)
    if kind not in (await session.configuration()).get("proof_types_supported", {}):
        skip(f"the configuration takes no {kind} proofs")
    return await Issuance.authorized(session), provider


async def _alone(issuance: Issuance, attestation: Any) -> Answer:
    return await issuance.post_credential(issuance.credential_request(proofs={"attestation": [attestation]}))


async def _carried(issuance: Issuance, attestation: Any) -> Answer:
    header = issuance.proof_header(key_attestation=attestation)
    proof = issuance.key.jws(header, issuance.proof_claims(await issuance.nonce()))
    return await issuance.post_credential(issuance.credential_request(proof))


@check("key-attestation-proof")
async def attested_keys_get_credentials(session: Session) -> None:
    """Proof type attestation with two keys: a credential for each."""
    issuance, provider = await _attester(session, "attestation")
    attestation = provider.attest_keys([Key(), Key()], await issuance.nonce(), session.now())
    given = standing(await _alone(issuance, attestation), "credentials")["credentials"]
    expect(len(given) == 2, "two credentials", len(given))


@check("key-attestation-carried")
async def proof_may_carry_an_attestation(session: Session) -> None:
    """A jwt proof with key_attestation of its key in the header."""
    issuance, provider = await _attester(session, "jwt")
    answer = await _carried(issuance, provider.attest_keys([issuance.key], None, session.now()))
    expect(answer.status in {200, 202}, "HTTP 200 or 202", answer)


@check("key-attestation-other-key")
async def attestation_covers_the_key(session: Session) -> None:
    """A jwt proof that carries the attestation of another key."""
    issuance, provider = await _attester(session, "jwt")
    expect_error(await _carried(issuance, provider.attest_keys([Key()], None, session.now())), "invalid_proof")


@check("key-attestation-carried-untrusted")
async def carried_attestation_is_trusted(session: Session) -> None:
    """A jwt proof that carries an attestation of a provider nobody configured."""
    issuance, provider = await _attester(session, "jwt")
    key, chain = untrusted_chain()
    made = provider.attest_keys([issuance.key], None, session.now(), by=key, header={"x5c": chain})
    expect_error(await _carried(issuance, made), "invalid_proof")


@check("key-attestation-signature")
async def attestation_signature_is_checked(session: Session) -> None:
    """Proof type attestation with a bit of its signature turned."""
    issuance, provider = await _attester(session, "attestation")
    made = provider.attest_keys([Key()], await issuance.nonce(), session.now())
    expect_error(await _alone(issuance, turned_bit(made)), "invalid_proof")


@check("key-attestation-untrusted")
async def attester_is_trusted(session: Session) -> None:
    """Proof type attestation of a provider nobody configured."""
    issuance, provider = await _attester(session, "attestation")
    key, chain = untrusted_chain()
    made = provider.attest_keys([Key()], await issuance.nonce(), session.now(), by=key, header={"x5c": chain})
    expect_error(await _alone(issuance, made), "invalid_proof")


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "typ": ("typ JWT.", {"header": {"typ": "JWT"}}),
    "nonce-missing": ("No nonce in proof type attestation.", {"nonce": None}),
    "nonce-made-up": ("A nonce that nobody issued.", {"nonce": "made-up"}),
    "keys-missing": ("No attested_keys.", {"attested_keys": None}),
    "keys-empty": ("No key in attested_keys.", {"attested_keys": []}),
    "keys-private": ("A private key in attested_keys.", {"attested_keys": [Key().private_jwk]}),
    "expired": ("exp ten minutes ago.", {"exp": -600}),
    "iat-missing": ("No iat.", {"iat": None}),
    "algorithm-none": ("alg none in the header.", {"header": {"alg": "none"}}),
    "signed-by-another": ("Signed by another key than that of x5c.", {"by": Key()}),
    "chain-missing": ("Nothing that names the signer.", {"header": {"x5c": None}}),
}


@check_each("key-attestation", REFUSED)
async def attestation_is_refused(session: Session, changes: dict[str, Any]) -> None:
    issuance, provider = await _attester(session, "attestation")
    moved = {name: session.now() + value for name, value in changes.items() if name == "exp"}
    made = provider.attest_keys([Key()], await issuance.nonce(), session.now(), **{**changes, **moved})
    expect_error(await _alone(issuance, made), *REFUSED_PROOF)


@check("key-attestation-not-a-jwt")
async def noise_is_no_attestation(session: Session) -> None:
    """Proof type attestation with something that is no JWT."""
    issuance, _ = await _attester(session, "attestation")
    expect_error(await _alone(issuance, "not-a-jwt"), "invalid_proof")

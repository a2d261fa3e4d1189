"""Client identifier prefixes, key proofs and client authentication."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from agent.contracts import client_authentication, client_id_prefixes, key_proofs
from agent.contracts.keys import ISSUER, Key, certified
from protocols import data_integrity
from protocols.data_integrity import hashing
from protocols.oauth.client_authentication import ClientCredentials
from protocols.ports import ClientIdentity
from protocols.x509 import render_chain

RESPONSE = f"{ISSUER}/response"
VERIFIER, ATTESTER = Key(), Key()


def verifier_attestation() -> client_id_prefixes.Sample:
    claims = {"iss": "https://attester.example", "sub": "verifier", "exp": 2**31, "cnf": {"jwk": VERIFIER.jwk}}
    attestation = ATTESTER.jwt({"typ": "verifier-attestation+jwt"}, claims)
    return client_id_prefixes.Sample(ClientIdentity(RESPONSE, jwk=VERIFIER.jwk, attestation=attestation))


def proof_jwt(key: Key, audience: str, nonce: str, at: datetime) -> str:
    header = {"typ": "openid4vci-proof+jwt", "jwk": key.jwk}
    return key.jwt(header, {"aud": audience, "nonce": nonce, "iat": int(at.timestamp())})


def key_attestation(key: Key, _audience: str, nonce: str, at: datetime) -> str:
    header = {"typ": "key-attestation+jwt", "x5c": render_chain(certified().chain)}
    return key.jwt(header, {"iat": int(at.timestamp()), "attested_keys": [VERIFIER.jwk], "nonce": nonce})


def proof_presentation(key: Key, audience: str, nonce: str, at: datetime) -> dict[str, Any]:
    """By ecdsa-jcs-2019: hash of the proof's configuration, hash of the document."""
    contexts = ["https://www.w3.org/ns/credentials/v2"]
    document = {"@context": contexts, "type": ["VerifiablePresentation"], "holder": key.did}
    proof = data_integrity.new_proof(
        "ecdsa-jcs-2019", key.method, "authentication", at, challenge=nonce, domain=audience
    )
    proof = {"@context": contexts, **proof}
    hashed = b"".join(sha256(rfc8785.dumps(one)).digest() for one in (proof, document))
    return {**document, "proof": {**proof, "proofValue": hashing.multibase(key.sign(hashed))}}


def client_assertion(key: Key, client: str, issuer: str, at: datetime) -> ClientCredentials:
    claims = {"iss": client, "sub": client, "aud": issuer, "jti": "1", "exp": int(at.timestamp()) + 300}
    return ClientCredentials(client, assertion=key.jwt({"typ": "JWT"}, claims))


def client_attestation(key: Key, client: str, issuer: str, at: datetime) -> ClientCredentials:
    instance, moment = Key(), int(at.timestamp())
    header = {"typ": "oauth-client-attestation+jwt", "x5c": render_chain(certified().chain)}
    attestation = key.jwt(header, {"sub": client, "exp": moment + 300, "cnf": {"jwk": instance.jwk}})
    proof = {"iss": client, "aud": issuer, "jti": "1", "iat": moment}
    return ClientCredentials(client, attestation, instance.jwt({"typ": "oauth-client-attestation-pop+jwt"}, proof))


def certificate(key: Key, client: str, _issuer: str, at: datetime) -> ClientCredentials:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.private.public_key())
    builder = builder.serial_number(1).not_valid_before(at).not_valid_after(at.replace(year=at.year + 1))
    made = builder.sign(key.private, hashes.SHA256())
    return ClientCredentials(client, certificate=made.public_bytes(serialization.Encoding.DER))


SAMPLES = {
    "client_id_prefixes": {
        "decentralized_identifier": lambda: client_id_prefixes.Sample(
            ClientIdentity(RESPONSE, did_url=VERIFIER.method, jwk=VERIFIER.jwk)
        ),
        "pre-registered": lambda: client_id_prefixes.Sample(
            ClientIdentity(RESPONSE, kid="1", registered="verifier"), prefixed=False
        ),
        "redirect_uri": client_id_prefixes.Sample,
        "verifier_attestation": verifier_attestation,
        "x509_hash": client_id_prefixes.Sample,
        "x509_san_dns": client_id_prefixes.Sample,
    },
    "key_proofs": {
        "attestation": lambda: key_proofs.Sample(key_attestation, names_audience=False),
        "di_vp": lambda: key_proofs.Sample(proof_presentation, algorithm="ecdsa-jcs-2019"),
        "jwt": lambda: key_proofs.Sample(proof_jwt),
    },
    "client_authentication": {
        "attest_jwt_client_auth": lambda: client_authentication.Sample(client_attestation),
        "private_key_jwt": lambda: client_authentication.Sample(client_assertion),
        "tls_client_auth": lambda: client_authentication.Sample(
            certificate, names_issuer=False, certificate_subject="tls_client_auth_subject_dn=CN=client"
        ),
        "self_signed_tls_client_auth": lambda: client_authentication.Sample(certificate, names_issuer=False),
    },
}

"""Why each published bad token is refused: the detail of our refusal, by the vector's id.

A token that is refused for another reason than its own says nothing of the check that it was made for.
"""

SD_JWT = {
    "tampered-disclosure": "a disclosure that nothing refers to",
    "unreferenced-disclosure": "a disclosure that nothing refers to",
    "duplicate-disclosure": "a disclosure twice",
    "missing-trailing-tilde": "not a compact JWS",
    "no-tilde": "no tilde",
    "bad-signature": "signature does not verify",
    "alg-none": "alg is not on our list",
    "alg-hs256-with-public-key": "alg is not on our list",
    "duplicate-digest": "a digest twice, or none",
    "claim-collision": "a disclosure of the wrong kind, or a name twice",
    "reserved-name-_sd": "name of a disclosure",
    "reserved-name-dots": "name of a disclosure",
    "array-disclosure-in-_sd": "a disclosure of the wrong kind, or a name twice",
    "object-disclosure-in-array": "a disclosure of the wrong kind",
    "array-placeholder-extra-key": "three dots and more",
    "disclosure-4-elements": "a disclosure is an array of two or three with a salt",
    "disclosure-not-array": "a disclosure is an array of two or three with a salt",
    "unknown-_sd_alg": "_sd_alg",
    "expired": "exp has passed",
    "expired-in-disclosure": "exp has passed",
    "kb-missing": "no KB-JWT",
    "kb-wrong-aud": "aud",
    "kb-wrong-nonce": "nonce",
    "kb-disclosure-dropped": "sd_hash",
    "kb-disclosure-added": "sd_hash",
    "kb-wrong-typ": "typ does not belong here",
    "kb-no-typ": "typ does not belong here",
    "kb-no-sd_hash": "sd_hash",
    "kb-no-iat": "iat is missing",
    "kb-signed-by-issuer-key": "signature does not verify",
    "kb-without-cnf": "no cnf",
}
_IN_CLEAR = "a claim that must not be selectively disclosable"
SD_JWT_VC = {
    **SD_JWT,
    # The format demands these in clear: a hidden exp is refused before it is read.
    "expired-in-disclosure": _IN_CLEAR,
    "kb-without-cnf": "no holder",
    "wrong-typ-JWT": "typ does not belong here",
    "sd-forbidden-vct": "no vct",
    "sd-forbidden-iss": "nothing leads to the issuer's key",
    "sd-forbidden-nbf": _IN_CLEAR,
    "sd-forbidden-exp": _IN_CLEAR,
    "sd-forbidden-cnf": _IN_CLEAR,
    "sd-forbidden-status": _IN_CLEAR,
    "no-vct": "no vct",
}
STATUS_LIST = {
    "wrong-typ": "typ does not belong here",
    "sub-mismatch": "sub",
    "expired": "exp has passed",
    "no-iat": "iat is missing",
    "bits-3": "bits and lst",
    "ttl-zero": "ttl",
    "not-zlib": "not ZLIB",
    "gzip-not-zlib": "not ZLIB",
    "zip-bomb": "cut short, too long or followed by more",
    "bad-signature": "signature",
    "index-out-of-range": "index out of range",
}
MDOC = {
    "element-changed": "the digest of an element",
    "issuer-signature": "signature does not verify",
    "device-mac": "code does not verify",
    "doctype-mismatch": "docType differs from the security object's",
    "other-session": "code does not verify",
    "expired": "expired",
    "truncated": "not CBOR, or not as we accept it",
    "trailing-bytes": "followed by more bytes",
}
WEBVH = {
    "negative-cross-did-witness-replay": "too few witnesses",
    "negative-did-key-body-fragment-mismatch": "fragment of the did:key is not its key",
    "negative-duplicate-witness-ids": "a witness twice",
    "negative-portable-scid-swap": "not a did:webvh",
    "negative-pre-rotation-omit-updatekeys": "pre-rotation without updateKeys or nextKeyHashes",
    "negative-scid-mismatch-genesis": "scid",
    "negative-unknown-method-version": "another method or version",
    "negative-versiontime-future": "versionTime is in the future",
    "negative-versiontime-non-monotonic": "versionTime is not later than the one before",
    "negative-wrong-cryptosuite": "proof of another type, suite or purpose",
    "negative-zero-witness-threshold": "threshold",
}

"""Why a check's wrong answer is refused, as the operator is told: a refusal for another reason would prove nothing."""

_ANSWERS = {
    "answer_late": """
    response-replay
    """,
    "answer_malformed": """
    response-state response-empty response-plain-for-encrypted response-encrypted-to-another-key token-and-error
    form-in-query form-no-body form-encrypted-for-plain transaction-state-missing transaction-state-of-another
    error-of-a-stranger error-empty jwe-to-another-request jwe-alg-wrapped jwe-alg-dir jwe-alg-password
    jwe-enc-unoffered jwe-compressed-bomb jwe-compression-unknown jwe-critical jwe-tag jwe-ciphertext
    jwe-header-changed jwe-epk-off-curve jwe-epk-other-curve jwe-epk-missing jwe-parts jwe-signed-instead
    jwe-payload-array jwe-payload-not-json jwe-state jwe-kid-unknown
    """,
    "credential_revoked": """
    status-list-revoked status-list-suspended status-list-unknown-value status-list-rolled-back
    """,
    "invalid_key_binding": """
    response-nonce response-nonce-of-another-request response-audience response-audience-unprefixed
    response-sd-hash response-sd-hash-missing response-kb-signature response-kb-other-key response-kb-missing
    response-kb-typ response-kb-iat-past response-kb-iat-future kb-nonce-missing kb-nonce-other-case
    kb-nonce-beginning kb-audience-missing kb-audience-origin kb-audience-response-uri kb-audience-other-prefix
    kb-iat-missing kb-iat-text kb-iat-hours kb-iat-next-hour kb-expired kb-sd-hash-of-issuer-jwt
    kb-disclosure-added kb-typ-missing kb-typ-of-a-credential kb-alg-none kb-alg-symmetric
    kb-alg-of-another-curve kb-jwk-header kb-critical kb-payload-not-object kb-signature-zero
    kb-of-another-credential
    """,
    "invalid_presentation": """
    response-disclosure-forged token-number token-empty-text credential-vct-missing credential-jwk-header
    credential-key-unnamed credential-jku-header credential-cnf-text credential-plain-jwt disclosure-twice
    disclosure-unused disclosure-digest-twice disclosure-name-clash disclosure-name-sd disclosure-name-dots
    disclosure-shape disclosure-of-an-element disclosure-algorithm disclosure-of-exp disclosure-of-cnf
    disclosure-of-vct disclosure-of-status
    """,
    "invalid_request": """
    kb-twice credential-exp-text credential-critical credential-unencoded credential-payload-not-object
    credential-member-twice disclosure-nested-deep chain-empty chain-garbage status-list-negative
    """,
    "invalid_signature": """
    response-issuer-signature response-issuer-chain-grafted credential-alg-none credential-alg-symmetric
    chain-of-another-key
    """,
    "invalid_token": """
    credential-expired credential-not-yet-valid credential-typ credential-typ-of-a-status-list
    """,
    "query_not_answered": """
    response-claim-missing response-query-id response-not-an-array response-two-presentations token-array
    token-empty-object token-empty-array token-null token-unasked-beside token-id-other-case
    credential-vct-other credential-vct-beginning
    """,
    "status_unavailable": """
    status-list-unreachable status-list-unsigned status-list-signature status-list-untrusted
    status-list-jwk-header status-list-subject status-list-typ status-list-expired status-list-iat-missing
    status-list-bits status-list-beyond status-list-bomb status-list-garbage status-list-media-type
    status-list-redirect status-unknown-mechanism
    """,
    "unknown_holder_key": """
    credential-cnf-missing
    """,
    "untrusted_issuer": """
    response-issuer-unknown credential-self-made-did credential-issuer-not-certified chain-expired
    chain-not-yet-valid chain-intermediate-expired chain-intermediate-missing chain-reordered chain-self-signed
    chain-own-root chain-same-name chain-end-entity-certifies chain-leaf-is-authority chain-key-usage
    """,
}
REASONS = {check: reason for reason, checks in _ANSWERS.items() for check in checks.split()}

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
    jwe-payload-array jwe-payload-not-json jwe-state jwe-kid-unknown digital-origin-other
    """,
    "credential_revoked": """
    status-list-revoked status-list-suspended status-list-unknown-value status-list-rolled-back
    """,
    "invalid_cose": """
    mdoc-algorithm-unprotected mdoc-critical
    """,
    "invalid_key_binding": """
    response-nonce response-nonce-of-another-request response-audience response-audience-unprefixed
    response-sd-hash response-sd-hash-missing response-kb-signature response-kb-other-key response-kb-missing
    response-kb-typ response-kb-iat-past response-kb-iat-future kb-nonce-missing kb-nonce-other-case
    kb-nonce-beginning kb-audience-missing kb-audience-origin kb-audience-response-uri kb-audience-other-prefix
    kb-iat-missing kb-iat-text kb-iat-hours kb-iat-next-hour kb-expired kb-sd-hash-of-issuer-jwt
    kb-disclosure-added kb-typ-missing kb-typ-of-a-credential kb-alg-none kb-alg-symmetric
    kb-alg-of-another-curve kb-jwk-header kb-critical kb-payload-not-object kb-signature-zero
    kb-of-another-credential mdoc-session-nonce mdoc-session-client-id mdoc-session-client-id-unprefixed
    mdoc-session-response-uri mdoc-session-thumbprint mdoc-session-thumbprint-missing mdoc-session-dc-api
    mdoc-session-of-another-request mdoc-device-key mdoc-device-signature mdoc-device-elements
    transaction-data-missing transaction-data-other transaction-data-decoded transaction-data-algorithm
    transaction-data-more transaction-data-text transaction-data-unasked return-none-when-refused
    prefix-redirect-uri-unprefixed digital-audience-client-id digital-audience-unprefixed digital-audience-other
    digital-nonce digital-mdoc-origin digital-mdoc-nonce
    """,
    "invalid_mdoc": """
    mdoc-element-forged mdoc-element-unsigned mdoc-element-twice mdoc-element-of-another-namespace
    mdoc-element-reencoded mdoc-doctype mdoc-expired mdoc-not-yet-valid mdoc-digest-algorithm mdoc-version
    mdoc-mso-incomplete mdoc-response-status mdoc-response-version mdoc-response-empty
    mdoc-response-two-documents
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
    mdoc-chain-missing mdoc-cbor-garbage mdoc-cbor-huge mdoc-cbor-deep mdoc-cbor-member-twice mdoc-cbor-trailing
    mdoc-not-text mdoc-padded mdoc-sd-jwt-instead
    """,
    "invalid_signature": """
    response-issuer-signature response-issuer-chain-grafted credential-alg-none credential-alg-symmetric
    chain-of-another-key mdoc-issuer-signature mdoc-issuer-other-key mdoc-algorithm-of-another-key
    """,
    "invalid_token": """
    credential-expired credential-not-yet-valid credential-typ credential-typ-of-a-status-list
    query-multiple-one-bad
    """,
    "issuer_key_not_by_profile": """
    haip-issuer-by-did
    """,
    "query_not_answered": """
    response-claim-missing response-query-id response-not-an-array response-two-presentations token-array
    token-empty-object token-empty-array token-null token-unasked-beside token-id-other-case
    credential-vct-other credential-vct-beginning mdoc-element-missing mdoc-doctype-other query-value-unmet
    query-value-type query-value-of-a-boolean query-claim-not-disclosed query-path-nested-missing
    query-claim-set-unmet query-one-of-both query-set-incomplete query-set-optional-alone query-authority-unmet
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
    mdoc-signed-too-early mdoc-chain-untrusted mdoc-chain-expired mdoc-chain-usage mdoc-chain-country
    mdoc-chain-root-inside
    """,
}
REASONS = {check: reason for reason, checks in _ANSWERS.items() for check in checks.split()}

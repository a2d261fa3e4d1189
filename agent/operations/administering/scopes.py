"""What an API key may be allowed to do: scopes, and roles as sets of them."""

OFFERS_WRITE, OFFERS_READ = "offers:write", "offers:read"
CREDENTIALS_READ, CREDENTIALS_REVOKE = "credentials:read", "credentials:revoke"
REQUESTS_WRITE, REQUESTS_READ = "requests:write", "requests:read"
TRUST_WRITE, TRUST_READ = "trust:write", "trust:read"
AUDIT_READ = "audit:read"
COMPLIANCE_WRITE = "compliance:write"
PLUGINS_READ = "plugins:read"
API_KEYS_WRITE = "api-keys:write"
SESSIONS_WRITE = "sessions:write"
USERS_WRITE, USERS_READ = "users:write", "users:read"
CLIENTS_WRITE = "clients:write"
KEYS_WRITE, KEYS_READ = "keys:write", "keys:read"
APPROVALS_READ, APPROVALS_WRITE = "approvals:read", "approvals:write"
PAYMENTS_WRITE = "payments:write"
CLAIMS_WRITE = "claims:write"
ISSUER_WRITE, VERIFIER_WRITE = "issuer:write", "verifier:write"
HOLDINGS_WRITE, HOLDINGS_READ = "holdings:write", "holdings:read"
DIDS_WRITE, DIDS_READ = "dids:write", "dids:read"
METRICS_READ = "metrics:read"
STATISTICS_READ = "statistics:read"
CONTACTS_READ, CONTACTS_WRITE = "contacts:read", "contacts:write"
PEOPLE_READ = "people:read"
RETENTION_READ, RETENTION_WRITE = "retention:read", "retention:write"
ERASURES_READ, ERASURES_WRITE, ERASURES_APPROVE = "erasures:read", "erasures:write", "erasures:approve"
VC_API = "vc-api:use"
LIMITS_READ = "limits:read"
CONFIGURATION_READ, CONFIGURATION_WRITE = "configuration:read", "configuration:write"
TENANTS_WRITE, TENANTS_READ = "tenants:write", "tenants:read"
QUALITY_READ, QUALITY_WRITE = "quality:read", "quality:write"
JOBS_WRITE, JOBS_READ = "jobs:write", "jobs:read"

ISSUER = frozenset({LIMITS_READ, OFFERS_WRITE, OFFERS_READ, CREDENTIALS_READ, CREDENTIALS_REVOKE, VC_API})
VERIFIER = frozenset({LIMITS_READ, REQUESTS_WRITE, REQUESTS_READ, TRUST_READ, DIDS_READ, VC_API})
AUDITOR = frozenset({AUDIT_READ, CREDENTIALS_READ, STATISTICS_READ})
PRIVACY_OFFICER = frozenset(
    {PEOPLE_READ, RETENTION_READ, RETENTION_WRITE, ERASURES_READ, ERASURES_WRITE, ERASURES_APPROVE, AUDIT_READ}
    | {COMPLIANCE_WRITE}
)
DATA_STEWARD = frozenset({QUALITY_READ, QUALITY_WRITE, STATISTICS_READ, AUDIT_READ, COMPLIANCE_WRITE})
APPROVER = frozenset({APPROVALS_READ, APPROVALS_WRITE})
ADMINISTRATOR = (
    ISSUER
    | APPROVER
    | PRIVACY_OFFICER
    | DATA_STEWARD
    | VERIFIER
    | AUDITOR
    | {TRUST_WRITE, PLUGINS_READ, API_KEYS_WRITE, SESSIONS_WRITE, USERS_WRITE, CLIENTS_WRITE, ISSUER_WRITE}
    | {KEYS_WRITE, KEYS_READ, CONFIGURATION_READ, CONFIGURATION_WRITE}
    | {PAYMENTS_WRITE, CLAIMS_WRITE}
    | {HOLDINGS_WRITE, HOLDINGS_READ}
    | {VERIFIER_WRITE, DIDS_WRITE, USERS_READ, CONTACTS_READ, CONTACTS_WRITE}
)
OPERATOR = frozenset(  # keys of the system tenant only
    {TENANTS_WRITE, TENANTS_READ, PLUGINS_READ, METRICS_READ, JOBS_WRITE, JOBS_READ}
)

ROLES = {
    "issuer": ISSUER,
    "approver": APPROVER,
    "verifier": VERIFIER,
    "auditor": AUDITOR,
    "privacy-officer": PRIVACY_OFFICER,
    "data-steward": DATA_STEWARD,
    "administrator": ADMINISTRATOR,
}
"""Roles that a tenant's administrator may hand out."""
EVERY = ADMINISTRATOR | OPERATOR

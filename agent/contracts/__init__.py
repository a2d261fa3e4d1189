"""What each port promises, as one suite of tests for every plugin behind it, whoever wrote it.

A module of this package is the suite of one family. It is run by `chancery plugin check NAME`, and by a package's own
tests:

    from agent.contracts.did_methods import *

    SUBJECTS = [SUBJECT]

pytest is needed when a suite is run, and only then.
"""

import pytest

FAMILIES = (
    "did_methods",
    "key_stores",
    "status_mechanisms",
    "cryptosuites",
    "credential_formats",
    "credential_exchanges",
    "client_id_prefixes",
    "trust_resolvers",
    "key_proofs",
    "client_authentication",
    "transports",
    "didcomm_protocols",
    "claim_sources",
    "payment_gates",
)

pytest.register_assert_rewrite(*(f"agent.contracts.{family}" for family in FAMILIES))

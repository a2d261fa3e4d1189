"""A faulty implementation: our server with one bug for each check of the conformance suite.

The bug is chosen by each request: a tenant is called as the check is, and the front shows its bug to that tenant's
wallets only. What a front can show (answers that are wrong, doors that stand open) is in `issuer` and `verifier`; what
has to be wrong inside (a signature nobody looks at) is in `weaknesses`.
"""

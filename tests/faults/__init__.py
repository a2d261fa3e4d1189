"""A faulty implementation: our server with one bug for each check of the conformance suite.

What a front can show (answers that are wrong, doors that stand open) is in `issuer`, `verifier` and `verifying`, and is
planted for one check at a time. What has to be wrong inside (a signature nobody looks at) is in `weaknesses`: there a
tenant is called as the check is, and the step looks away for that tenant only.
"""

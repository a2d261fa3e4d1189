"""Claims path pointers (OpenID4VP 1.0, 7; OpenID4VCI 1.0, Appendix C)."""

ClaimsPath = tuple[str | int | None, ...]

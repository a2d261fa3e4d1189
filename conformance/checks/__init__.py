"""The checks, one module per area, one function per requirement."""

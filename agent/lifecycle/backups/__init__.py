"""Backups of the database and what is brought back from them."""

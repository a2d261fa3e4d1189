"""Ways in which an OAuth client authenticates."""

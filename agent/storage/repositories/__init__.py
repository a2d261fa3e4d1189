"""One repository for each kind of thing: domain values on one side, rows on the other."""

"""What `operations/keeping` decides, carried out: data that leaves the database, and its way back into view."""

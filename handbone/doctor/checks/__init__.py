"""What may be wrong with a dataset, one check per file."""

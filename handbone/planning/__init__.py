"""From the measures of a dataset to a config that trains on it."""

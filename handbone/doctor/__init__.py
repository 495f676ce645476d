"""Findings about a labelled dataset and their page; the dataset is read, never changed."""

"""Scores of submissions against reference masks."""

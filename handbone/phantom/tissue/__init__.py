"""Synthetic tissue sections with known functional units."""

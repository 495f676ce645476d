"""Lengths and ratios of structures from their masks, refused where they cannot be trusted."""

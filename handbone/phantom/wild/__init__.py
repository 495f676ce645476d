"""Phantoms of the preset ``wild``: any film, any placement, any age, and what lies on the plate."""

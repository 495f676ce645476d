"""Side-by-side measurements of handbone and of what a user would otherwise use."""

"""Studies of a search: what may vary, where trials are kept, and what came out."""

"""Mutated files of every format that the product reads: each is refused clearly or read rightly."""

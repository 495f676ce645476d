"""Formats of labelled datasets: a reader each, and a writer where people label in it."""

"""Static pages about predictions: scores, curves, worst images, and where two of them differ."""

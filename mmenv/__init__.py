"""The environment: locked requirements, container files and ``python -m mmenv.check``."""

"""What a first GPU is asked, in ten minutes: ``python -m benchmarks.gpu_check``."""

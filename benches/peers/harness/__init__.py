"""The side-by-side benchmarks behind run.py, one module for each thing."""

"""Measurements that are run by hand: `python -m tests.benchmarks.completion`, `python -m tests.benchmarks.editor`."""

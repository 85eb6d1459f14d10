"""Measurements that a noisy machine should not turn into tests. Each is a program: `python -m tests.measure.window`."""

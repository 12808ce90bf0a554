"""Measurements that compare two programs side by side, as ratios: `python -m benchmarks`."""

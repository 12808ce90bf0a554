"""Measurements, side by side and as ratios; none of them is a test. `python -m benchmarks`"""

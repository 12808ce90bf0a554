"""Measurements of two things side by side, as ratios: `python -m benchmarks`. No tests."""

"""Tests predictions with a real browser: the questions, the pages that ask them, the comparison."""

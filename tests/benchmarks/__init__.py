"""Measurements: ratios against a baseline in the same run, because machines are noisy. Not part of `make test`."""

"""Tests that break things: chaos on real processes, a crash at every step, a model-based test of the work tables."""

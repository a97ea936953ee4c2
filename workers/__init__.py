"""The actors, the pools that run them, and the reconciler that makes sure nothing is forgotten."""

"""What each queue's work is: transcribe, synthesize, deliver, maintenance, and what these alone need.

Claiming and recording are the runner's. Imports `workers/runner/`, `db/` and the domain.
"""

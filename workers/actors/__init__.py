"""What each queue's work is: transcribe, synthesize, deliver, maintenance, and what these alone need.

Claiming and recording are the runner's. Imports `workers/runner/`, `db/`, the domain, and two things that it shares:
the pools' engines and the reconciler's purge.
"""

"""A state machine over the work tables: real functions, real Postgres; notifications, time and death in the
machine's hands.
"""

"""What tests share: the cast, real engines, servers that play others, and clients that misbehave.

No tests, and nothing that only one test file needs.
"""

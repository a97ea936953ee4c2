"""`smelt doctor`: whether a whole configuration works, asked of the real parts, and what to do where it doesn't.

Imports whatever it asks; nothing but the command imports it.
"""

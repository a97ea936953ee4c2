"""A smelt from admission to settlement: reserved, admitted, read, controlled, settled, its keys destroyed.

The work on its parts is `db/work/`'s.
"""

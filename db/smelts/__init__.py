"""A smelt from admission to settlement: reserved, admitted, read, controlled, settled, its keys destroyed.

The work on its parts is `db/work/`'s, which it imports as that imports it: what ends a part may end its smelt.
"""

"""A process that is killed at each point around its commits, its sends and its writes, and what is made good then.

The points are found, not listed: a life is lived once to count them, and then once for each of them, to that point.
"""

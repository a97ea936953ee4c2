"""The loop that makes good whatever was lost, and the purge of content past its deadline.

Everything here may run in any number of copies. Imports `db/`, the domain, notifications and pools' sizes; no actors.
"""

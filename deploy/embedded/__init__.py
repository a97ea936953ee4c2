"""The embedded engines: Postgres and Valkey in a data folder, for what the settings don't name elsewhere.

Knows no process of the service. Imports the supervisor's children, never the command.
"""

"""Queries, policies and transactions. SQL has an address: functions named by verb, one noun per file.

At the top what all queries share: the session, statements, the order of locks. Imports the domain alone.
"""

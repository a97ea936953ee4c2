"""Queries, policies and transactions. SQL has an address: functions named by verb, one noun per file."""

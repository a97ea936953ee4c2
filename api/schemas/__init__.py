"""What requests and replies look like: names and meanings are the contract. No behaviour.

Imports the domain's states alone: the Python client imports these too.
"""

"""What requests and replies look like: names and meanings are the contract. No behaviour.

Imports the domain's states, and what makes a text one line: the Python client imports these too.
"""

"""The `smelt` command and what its subcommands alone need: the table of settings, key rotation.

Each subcommand imports what it needs when it runs. Clients' commands are `deploy/client/`'s.
"""

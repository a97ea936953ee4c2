"""The `smelt` command and what its subcommands alone need: the table of settings, key rotation.

Clients' commands are `deploy/client/`'s. Each subcommand imports what it needs when it runs, which may be anything;
nothing imports the command.
"""

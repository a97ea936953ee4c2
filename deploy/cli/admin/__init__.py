"""`smelt admin`: how operators see and change what runs. A file for each noun, joined by `app.py`.

The commands ask and act by `db/admin/`, and print; they connect as the application does. Each imports what it needs
when it runs: `smelt --help` waits for no database library. Imports `db/`, settings, and of the client how it prints;
nothing imports it but the command.
"""

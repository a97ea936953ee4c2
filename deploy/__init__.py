"""How the service starts: embedded engines, supervised processes, the `smelt` command, its client and its demo.

At the top only what several of these need: secrets, local users, problems that the one at the keyboard can mend.
"""

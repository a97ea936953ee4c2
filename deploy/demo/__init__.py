"""`smelt demo`: a meeting and notes, and the show that puts them through the whole service.

Nothing that the service needs. Imports the supervisor, which runs the service, and the client, which uses it.
"""

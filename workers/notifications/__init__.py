"""How workers hear of work: queue notifications in Redis, and polling Postgres while Redis is away.

No claims. `queue_notifications.py` is all that the API imports of the workers: it brings no actors and no models.
"""

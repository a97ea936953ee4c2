"""How workers hear of work: queue notifications in Redis, and polling Postgres while Redis is away.

No claims. `queue_notifications.py` and `redis_client.py` are all that the API imports of the workers: they bring no
actors and no models.
"""

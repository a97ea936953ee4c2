"""The domain: plain Python that knows nothing of HTTP, queues or tables."""

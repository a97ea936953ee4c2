"""The domain: plain Python that knows nothing of HTTP, queues or tables.

Rules and values at the top, adapters in folders. Imports none of the other packages.
"""

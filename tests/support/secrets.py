"""Secrets that open nothing but what a test has made."""

import base64

KEYRING = "test:" + base64.b64encode(bytes(range(32))).decode()
JWT_SECRET = "a-secret-of-the-sign-in-service-for-tests-only"
IP_HASH_SECRET = "a-secret-for-hashes-of-addresses-in-tests-only"

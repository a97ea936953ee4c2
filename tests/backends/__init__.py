"""The service on other people's servers: `make test-backends` starts each and runs on it the tests that touch it.

A server that can't be had here is named in the table at the end; where CI is set, that is a failure. Nothing of this is
collected by `make test`.
"""

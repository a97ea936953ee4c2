"""Several hosts, as network namespaces joined by a bridge: `make test-hosts`. Needs root, iproute2, nginx and moto.

Smelt is brought up by the commands of docs/deploying.md as they are written there. Imports what `tests/faults/chaos/`
and `tests/backends/` have. Nothing of this is collected by `make test`.
"""

"""File descriptors: each connection and each open file takes one, and the system limits those of a process."""

import resource


def raise_descriptor_limit() -> int:
    """Raises the soft limit to the hard one, as far as the system lets it. How many there may be now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):  # some systems name no hard limit, and take none
            return descriptor_limit()
    return descriptor_limit()


def descriptor_limit() -> int:
    """How many descriptors this process may have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNLIMITED if soft == resource.RLIM_INFINITY else soft


UNLIMITED = 1_000_000

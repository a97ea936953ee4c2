"""The one registry of a process, and what it says of the process itself."""

from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge, PlatformCollector, ProcessCollector

REGISTRY = CollectorRegistry()


def with_process(registry: CollectorRegistry = REGISTRY) -> CollectorRegistry:
    """The same, with memory, processor time and open files of the process that calls this, and with the build."""
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    build = Gauge("smelt_build_info", "1, of the version that runs.", ("version",), registry=registry)
    build.labels(version("smelt")).set(1)
    return registry

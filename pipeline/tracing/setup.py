"""Whether this process traces: by its settings, and only with the extra `otel`."""

from pipeline.settings import Settings


class TracingUnavailable(Exception):
    """It is asked for, and can't be had; says what to do."""


def configure(process: str, settings: Settings) -> None:
    """Before anything is connected. Raises TracingUnavailable."""
    if settings.otlp_endpoint is None:
        return
    try:
        from pipeline.tracing import exporting  # noqa: PLC0415 - the extra, and slow to import
    except ModuleNotFoundError as error:
        raise TracingUnavailable(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and traces need the extra otel: pip install 'smelt[otel]'"
        ) from error
    exporting.start(process, settings.otlp_endpoint)

"""Traces by OpenTelemetry: one from a request through each claim of its work to the webhook. Off unless it is set up.

What is traced asks `pipeline/tracing/spans.py` alone, which costs nothing while they are off; the SDK and the
instrumentations of libraries (the extra `otel`) are imported where they are set up and nowhere else. Imports settings.
"""

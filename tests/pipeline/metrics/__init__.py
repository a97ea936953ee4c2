"""Metrics, without the service."""

"""Where the service runs."""

from enum import StrEnum


class Env(StrEnum):
    LOCAL = "local"
    PRODUCTION = "production"

"""The embedded engines of one data folder: those that the settings don't name elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.embedded.data_folder import DataFolder
from deploy.embedded.postgres import EmbeddedPostgres
from deploy.embedded.valkey import EmbeddedValkey

APP_ROLE = "smelt_app"
POSTGRES_FOLDER = "postgres"
VALKEY_FOLDER = "valkey"


class EmbeddedEngines:
    """Holds the data folder, and runs Postgres and Valkey in it, from `start` to `stop`.

    Raises DataFolderError, EngineError. `postgres_options` overrides settings of the server.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        postgres: bool = True,
        valkey: bool = True,
        postgres_options: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = DataFolder(data_dir)
        self.postgres: EmbeddedPostgres | None = None
        self.valkey: EmbeddedValkey | None = None
        self._wanted = (postgres, valkey)
        self._postgres_options = postgres_options

    @property
    def owner_url(self) -> str | None:
        """The schema owner's; None without an embedded Postgres."""
        return self.postgres.url() if self.postgres else None

    @property
    def database_url(self) -> str | None:
        """The application's role, which the first migration makes."""
        return self.postgres.url(APP_ROLE) if self.postgres else None

    @property
    def redis_url(self) -> str | None:
        return self.valkey.url if self.valkey else None

    def start(self) -> None:
        self.folder.open()
        lock = self.folder.engines_lock
        assert lock is not None  # noqa: S101
        wants_postgres, wants_valkey = self._wanted
        try:
            if wants_valkey:
                valkey = EmbeddedValkey(self.folder.path / VALKEY_FOLDER, lock)
                valkey.start()
                self.valkey = valkey
            if wants_postgres:
                postgres = EmbeddedPostgres(self.folder.path / POSTGRES_FOLDER, lock, self._postgres_options)
                postgres.start()
                self.postgres = postgres
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for engine in (self.valkey, self.postgres):
            if engine is not None:
                engine.stop()
        self.folder.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

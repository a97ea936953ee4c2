"""Settings of Postgres and Redis."""

from pydantic import AliasChoices, BaseModel, Field

from pipeline.setting_forms import PostgresUrl, RedisUrl


class EngineSettings(BaseModel):
    database_url: PostgresUrl = Field(
        None,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="Postgres 15+; unset: embedded",
    )
    migration_database_url: PostgresUrl = Field(
        None, description="the schema owner's URL for `smelt migrate`; unset: DATABASE_URL"
    )
    redis_url: RedisUrl = Field(
        None,
        validation_alias=AliasChoices("REDIS_URL", "redis_url"),
        description="Redis 7+ or Valkey, `redis+sentinel://` by its sentinels; unset: embedded",
    )
    redis_namespace: str = Field("smelt", description="prefix of every key in Redis")
    database_pool: int = Field(10, ge=1, description="most connections to Postgres of one process")
    database_share: int = Field(
        3, ge=1, description="pieces of database work that the API does at once for one user or address"
    )

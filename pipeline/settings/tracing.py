"""Settings of traces. The SDK reads its other usual variables by itself."""

from pydantic import AliasChoices, BaseModel, Field

from pipeline.setting_forms import HttpUrl


class TracingSettings(BaseModel):
    otlp_endpoint: HttpUrl = Field(
        None,
        validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT", "otlp_endpoint"),
        description="where traces go, by OTLP over HTTP, with the extra `otel`; unset: nothing is traced",
    )

"""Settings of the workers, of webhooks, and of the reconciler."""

from pydantic import BaseModel, Field

from pipeline.processes.cores import cores
from pipeline.setting_forms import Networks

HEARTBEAT_SECONDS = 0.5  # between two renewals of a lease: a cancel is noticed as soon
# The longest that a sound step of work gives no sign of life: a request to a bucket takes up to a minute, begun again
# for another (`pipeline/content/bucket.py`). A webhook takes a quarter of a minute, as does a statement.
LONGEST_STEP = 150.0


class WorkSettings(BaseModel):
    webhook_allowed_networks: Networks = Field(
        (), description="private networks that webhooks may reach, in clear too, separated by commas"
    )

    # Work
    lease_seconds: float = Field(
        30.0,
        ge=4 * HEARTBEAT_SECONDS,
        description="seconds a worker may be silent before its work is rescued; renewed twice a second, so 2 at least",
    )
    stall_seconds: float = Field(
        300.0,
        gt=0,
        description=(
            "seconds in which a recording must keep SMELT_SLOWEST_PACE, or is given up as `timed_out`;"
            " and for which work that gives no sign of life keeps its lease; for that never less than 150"
        ),
    )
    slowest_pace: float = Field(
        0.05, gt=0, description="seconds of a recording that must be done in a second of work, on average"
    )
    max_attempts: int = Field(3, ge=1, description="failures after which a part fails for good")
    outage_patience: float = Field(
        21_600.0,
        gt=0,
        description=(
            "seconds for which a part waits for the content store or the language model's server before it fails"
        ),
    )
    tick_seconds: float = Field(1.0, gt=0, description="seconds between two rounds of the reconciler")
    transcribe_slots: int = Field(
        default_factory=lambda: min(2, cores()),
        ge=1,
        description="speech processes of the pool on this machine, a model each; unset: 2, on a single core 1",
    )
    transcribe_lanes: int = Field(
        0,
        ge=0,
        description=(
            "recordings that each of these processes hears at once, their windows together; 0: by the device"
        ),
    )
    transcribe_short_slots: int = Field(
        1,
        ge=0,
        description="of the transcribe slots, how many take only recordings up to 5 minutes; never all of them",
    )
    synthesize_slots: int = Field(
        16, ge=1, description="outputs that the pool on this machine works on at once"
    )
    extractive_slots: int | None = Field(
        None,
        ge=1,
        description="the same where no language model is set: each fills a core; unset: one a core",
    )
    synthesize_short_slots: int = Field(
        2,
        ge=0,
        description="outputs of up to 28 kB of text that it works on besides, so that none waits for long ones",
    )
    deliver_slots: int = Field(16, ge=1, description="webhooks that the pool on this machine sends at once")
    maintenance_slots: int = Field(2, ge=1, description="maintenance jobs that the pool runs at once")
    worker_grace: float = Field(
        20.0, ge=0, description="seconds a stopping worker may use to finish what it runs"
    )

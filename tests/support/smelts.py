"""Makes smelts straight in the database, for tests of what happens to them there."""

from uuid import UUID

from sqlalchemy import Connection, text
from uuid_utils.compat import uuid7

from db.smelts.admission import Admitted, admit
from db.smelts.new_smelt import NewFile, NewSmelt
from db.smelts.reservation import Allowances
from pipeline.states import DefaultPromptName, InputType, SmeltMode, Tier

WEEKLY = 5
PLENTY = Allowances(
    anonymous_daily=1_000, platform_daily_cap=1_000_000, uncharged_daily=1_000, weekly_credits=WEEKLY
)


def new_smelt(
    user_id: UUID | None,
    *,
    audio: int = 0,
    texts: int = 0,
    mode: SmeltMode = SmeltMode.SEPARATE,
    prompts: tuple[DefaultPromptName, ...] = (DefaultPromptName.SUMMARIZE,),
    tenant: str | None = None,
    key: str | None = None,
    user_prompt_id: UUID | None = None,
    content_key: bytes = b"wrapped",
    max_age: int = 604_800,
) -> NewSmelt:
    """`audio` recordings of 160 kB (about ten seconds), then `texts` of 1 kB."""
    files = [
        NewFile(
            id=uuid7(), input_type=InputType.AUDIO, media_type="wav", filename=f"{n}.wav", size_bytes=160_000
        )
        for n in range(audio)
    ] + [
        NewFile(id=uuid7(), input_type=InputType.TEXT, media_type=None, filename=f"{n}.txt", size_bytes=1_000)
        for n in range(texts)
    ]
    return NewSmelt(
        id=uuid7(),
        user_id=user_id,
        tenant=tenant or (f"user:{user_id}" if user_id else "ip:visitor"),
        tier=Tier.CREDITS if user_id else Tier.ANONYMOUS,
        mode=mode,
        default_prompt_names=prompts,
        user_prompt_id=user_prompt_id,
        language=None,
        content_key=content_key,
        content_ttl_seconds=86_400,
        content_max_age_seconds=max_age,
        idempotency_key=key,
        request_fingerprint=b"print" if key else None,
        files=files,
    )


def admit_all(conn: Connection, *smelts: NewSmelt) -> list[Admitted]:
    return [admit(conn, smelt, PLENTY) for smelt in smelts]


def set_credits(conn: Connection, user_id: UUID, remaining: int) -> None:
    conn.execute(
        text(
            """
            insert into user_profiles (user_id, credits_remaining, weekly_credits_max, credits_reset_at)
            values (:id, :remaining, :weekly, date_trunc('week', now(), 'utc') + interval '7 days')
            on conflict (user_id) do update set credits_remaining = :remaining
            """
        ),
        {"id": user_id, "remaining": remaining, "weekly": WEEKLY},
    )


def get_credits(conn: Connection, user_id: UUID) -> int:
    sql = "select credits_remaining from user_profiles where user_id = :id"
    return int(conn.execute(text(sql), {"id": user_id}).scalar_one())

"""What is asked of the parts beside the database and the store. Each tells what it found, or raises NotReady."""

from uuid import uuid4

import redis

from pipeline.checks import NotReady
from pipeline.content.errors import ContentError
from pipeline.content.store import ContentStore
from pipeline.errors import WorkError
from pipeline.llm.documents import Document
from pipeline.llm.engines.base import PromptSpec
from pipeline.llm.engines.factory import make_engine
from pipeline.net.webhook_url import BadUrl, parse
from pipeline.processes.descriptors import descriptor_limit, raise_descriptor_limit
from pipeline.settings import Settings
from pipeline.speech.engine_settings import ModelUnavailable
from pipeline.speech.transcript import Transcript
from pipeline.states import DefaultPromptName
from workers.actors.deliver import make_outbound
from workers.actors.outbound import AddressRefused, Unreachable
from workers.notifications.redis_client import make_client
from workers.pools.pool import Pool

REDIS_SECONDS = 5.0
OLDEST_REDIS = 7
TEXT = "Mark will send the release notes to the customer by Wednesday. The contract was signed on Monday."


def queue_notifications(settings: Settings) -> str:
    client = make_client(settings.need("redis_url"), REDIS_SECONDS)
    key = f"{settings.redis_namespace}:doctor:{uuid4()}"
    try:
        client.set(key, "1", px=10_000)
        client.delete(key)
        version = str(client.info("server")["redis_version"])
    except redis.RedisError as error:
        # Its words name host and port, and never the password
        raise NotReady("Redis can't be used: see REDIS_URL.", f"{type(error).__name__}: {error}") from error
    finally:
        client.close()
    if int(version.split(".", maxsplit=1)[0]) < OLDEST_REDIS:
        raise NotReady(f"Redis is version {version}: {OLDEST_REDIS} or newer, or Valkey, is needed.")
    return f"writes and deletes, version {version}"


def room(settings: Settings, content: ContentStore) -> str:
    try:
        free = content.room(settings.content_free_bytes)
    except ContentError as error:
        raise NotReady(error.detail) from error
    if free <= 0:
        raise NotReady(
            "The disk of the content folder has less room than SMELT_CONTENT_FREE_BYTES: posts are refused."
        )
    return "a bucket has room" if free == float("inf") else f"{free / 1e9:.1f} GB until posts are refused"


def speech_model(settings: Settings) -> str:
    speech = Pool(settings).speech
    try:
        speech.start()
    except ModelUnavailable as error:
        raise NotReady(f"The speech model can't be loaded: {error}") from error
    finally:
        speech.close()
    return f"{settings.whisper_model} is loaded within a worker's bounds"


def language_model(settings: Settings) -> str:
    """One short answer, which a provider counts."""
    engine = make_engine(settings)
    document = Document("doctor.txt", Transcript.of_text(TEXT))
    try:
        answer = engine.apply(PromptSpec(DefaultPromptName.SUMMARIZE), [document], lambda _: None)
    except WorkError as error:
        raise NotReady(
            "The language model gives no answer: see SMELT_LLM_BASE_URL, SMELT_LLM_MODEL and OPENAI_API_KEY.",
            str(error),
        ) from error
    finally:
        engine.close()
    if not settings.has_llm:
        return "none is set: the built-in extractive engine answers"
    return f"{answer.model} answers"


def webhook(settings: Settings, url: str) -> str:
    """Sends an empty, unsigned POST; whatever the receiver says to that, it was reached."""
    outbound = make_outbound(settings)
    try:
        reply = outbound.post(parse(url, outbound.allowed), {}, b"")
    except BadUrl as error:
        raise NotReady(f"The webhook's URL can't be used: {error}") from error
    except AddressRefused as error:
        raise NotReady(
            "The webhook's host has no address that may be sent to: see SMELT_WEBHOOK_ALLOWED_NETWORKS."
        ) from error
    except Unreachable as error:
        raise NotReady("The webhook's host gives no answer from here.", str(error)) from error
    return f"the receiver answers, with status {reply.status}"


def descriptors(settings: Settings) -> str:
    raise_descriptor_limit()
    most = descriptor_limit()
    wanted, kept = settings.concurrency_limits, settings.concurrency_limits.within(most)
    if kept.connections.total < wanted.connections.total:
        raise NotReady(
            f"{most} file descriptors are allowed, enough for {kept.connections.total} connections instead of"
            f" {wanted.connections.total}: raise the limit (`ulimit -n`), or lower SMELT_CONNECTIONS."
        )
    return f"{most} file descriptors are allowed"

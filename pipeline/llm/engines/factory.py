"""Which engine answers: a language model where one is set, else the extractive one."""

from pydantic import SecretStr

from pipeline.llm.context_sizes import context_size
from pipeline.llm.engines.answers import Answers
from pipeline.llm.engines.base import SynthesisEngine
from pipeline.llm.engines.extractive.processes import ExtractiveProcesses
from pipeline.llm.engines.features import Features
from pipeline.settings import Settings


def make_engine(
    settings: Settings,
    api_key: SecretStr | None = None,
    answers: Answers | None = None,
    features: Features | None = None,
) -> SynthesisEngine:
    """The engine for a smelt paid for by `api_key`, a user's own key, or (None) by the platform.

    A user's key goes to `user_key_base_url` only, never to the operator's own server. `answers` and
    `features`: of that server, where several engines ask it.
    """
    if api_key is not None:
        return _llm(settings, settings.user_key_base_url, api_key, answers, features)
    if settings.has_llm:
        return _llm(settings, settings.llm_base_url, settings.openai_api_key, answers, features)
    return ExtractiveProcesses(count=settings.extractive_slots, stall_seconds=settings.stall_seconds)


def _llm(
    settings: Settings,
    base_url: str | None,
    api_key: SecretStr | None,
    answers: Answers | None,
    features: Features | None,
) -> SynthesisEngine:
    # The SDK takes longer to load than all the rest of a worker, and most workers have no use for it
    from pipeline.llm.engines.llm import LlmEngine  # noqa: PLC0415

    return LlmEngine(
        base_url=base_url,
        api_key=api_key,
        model=settings.llm_model,
        context_tokens=settings.llm_context_tokens or context_size(settings.llm_model),
        parallel=settings.llm_parallel,
        timeout=settings.llm_timeout,
        answers=answers,
        features=features,
    )

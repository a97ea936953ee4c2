"""Serves a language model's file by llama.cpp's own server, on this machine alone. Started by `model.py` beside this.

    python -m deploy.local_llm.serve /path/to/model.gguf

Where it listens, its key and its context are the settings' (`SMELT_LLM_BASE_URL`, `OPENAI_API_KEY`,
`SMELT_LLM_CONTEXT_TOKENS`): what it serves by is what the workers ask by. Nothing of a prompt is logged or kept.
"""

import importlib
import sys
import threading
from typing import Any

import httpx2

from deploy.supervisor.runner import EX_CONFIG
from pipeline.processes.privacy import forbid_core_dumps
from pipeline.settings import Settings

PACKAGE = "xllamacpp"
_WARNINGS = 2  # of llama.cpp's levels; its messages of less weight tell about each call


def main(path: str) -> int:
    """Serves until a signal ends it. Gives EX_CONFIG when the file can't be loaded."""
    forbid_core_dumps()
    xllamacpp = importlib.import_module(PACKAGE)
    try:
        server = xllamacpp.Server(_parameters(xllamacpp, path, Settings.from_env()))
    except RuntimeError as problem:
        print(f"{path} can't be loaded: {problem}", file=sys.stderr)
        return EX_CONFIG
    threading.Event().wait()
    del server
    return 0


def _parameters(xllamacpp: Any, path: str, settings: Settings) -> Any:
    url = httpx2.URL(settings.need("llm_base_url"))
    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.model_alias = {
        settings.llm_model
    }  # else replies, and so results, would name the file's folder
    parameters.hostnames = [url.host]
    parameters.port = url.port
    parameters.api_keys = [settings.need("openai_api_key")]
    parameters.n_ctx = settings.llm_context_tokens or 0  # 0: as the file says
    parameters.n_parallel = 1  # calls share the context, so each has all of it
    parameters.cache_ram_mib = 0  # no prompts kept for later ones
    parameters.cache_idle_slots = False
    parameters.endpoint_slots = False  # it would show prompts
    parameters.verbosity = _WARNINGS
    return parameters


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

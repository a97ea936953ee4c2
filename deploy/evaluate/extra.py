"""What `smelt evaluate` needs beyond the service: the extra `evaluate`. Asked for before anything imports it."""

from importlib.util import find_spec

from deploy.problems import EvaluationImpossible

# By the module that each brings
_PACKAGES = {
    "jiwer": "jiwer",
    "whisper_normalizer": "whisper-normalizer",
    "pyannote.metrics": "pyannote-metrics",
}


def check_installed() -> None:
    """Raises EvaluationImpossible, with the command that installs what is missing."""
    missing = [package for module, package in _PACKAGES.items() if not _is_there(module)]
    if missing:
        raise EvaluationImpossible(
            f"smelt evaluate needs packages that the service does without: pip install {' '.join(missing)}"
        )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # nor what it is in
        return False

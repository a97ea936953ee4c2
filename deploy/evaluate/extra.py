"""What `smelt evaluate` needs beyond the service: the extra `evaluate`. Asked for before anything imports it."""

from importlib.util import find_spec

from deploy.problems import EvaluationImpossible

_PACKAGES = {"jiwer": "jiwer", "whisper_normalizer": "whisper-normalizer"}  # by the module that each brings


def check_installed() -> None:
    """Raises EvaluationImpossible, with the command that installs what is missing."""
    missing = [package for module, package in _PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise EvaluationImpossible(
            f"smelt evaluate needs packages that the service does without: pip install {' '.join(missing)}"
        )

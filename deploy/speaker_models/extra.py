"""What `smelt speaker-models` needs beyond the service. Asked for before anything imports it."""

from importlib.util import find_spec

from deploy.problems import SpeakerModelsImpossible


def check_installed() -> None:
    """Raises SpeakerModelsImpossible, with the command that installs what is missing."""
    if find_spec("onnx") is None:
        raise SpeakerModelsImpossible("smelt speaker-models needs the extra: pip install 'smelt[speakers]'")

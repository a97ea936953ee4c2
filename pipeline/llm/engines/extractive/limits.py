"""How much text is taken on. More is no text that somebody wrote to be read, and its vectors would take gigabytes."""

from pipeline.errors import WorkError
from pipeline.states import ErrorCode

MOST_CHARACTERS = 10_000_000
MOST_SENTENCES = 300_000
MOST_TOKENS = (
    3_000_000  # that Markdown's parser holds at once, of one list or quotation; half a kilobyte each
)


def too_long() -> WorkError:
    return WorkError(
        ErrorCode.INPUT_TOO_LONG, "The input is too long for the engine that works without a model."
    )

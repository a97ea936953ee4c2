"""What the one at the keyboard can mend. The message says what is wrong and what to do.

Problem
├── SettingsIncomplete   the settings don't suffice
├── DataFolderError      the data folder can't be used
├── EngineError          an embedded engine can't be started
├── DatabaseProblem      the database that the settings name can't be reached
├── EvaluationImpossible nothing can be evaluated: no recordings, no model, or a package is missing
├── SpeakerModelsImpossible  the networks that tell speakers apart can't be made
└── ServiceFailed        a process of the service can't run
"""


class Problem(Exception):
    """Told in one line, without a traceback, by `deploy/cli/main.py`."""


class SettingsIncomplete(Problem):
    pass


class DataFolderError(Problem):
    pass


class EngineError(Problem):
    pass


class DatabaseProblem(Problem):
    pass


class EvaluationImpossible(Problem):
    pass


class SpeakerModelsImpossible(Problem):
    pass


class ServiceFailed(Problem):
    pass

"""One exception tree. The type says what the operator should do, `exit_code` what a script sees.

Every message is one paragraph: the thing, the value seen, what was expected, the next step.
"""


class OrbError(Exception):
    """Root of all errors this project raises on purpose."""

    exit_code = 2


class ConfigurationError(OrbError):
    """A catalogue file or a setting is wrong: correct it and run again."""


class InputError(OrbError):
    """A file, a bar or an argument is wrong: correct the input and run again."""


class MissingDataError(OrbError):
    """Something has to be made first: run the command the message names."""


class GateFailedError(OrbError):
    """A gate does not hold: look at what it judged, mend it, or waive it in writing."""

    exit_code = 1


class StorageError(OrbError):
    """The home cannot be read or written: make room, mend or name another folder, and run again."""

    exit_code = 1


class BusyError(OrbError):
    """Another process holds a resource: wait for it, or stop it, and run again."""

    exit_code = 1

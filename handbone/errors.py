"""The error that a user can correct."""


class HandboneError(ValueError):
    """Something the user gave is not valid: a file, a setting or an argument.

    The message says where, what is wrong and what to do. The command line prints it as one line;
    every other exception but an ``OSError`` is a fault of the program and keeps its traceback.
    """

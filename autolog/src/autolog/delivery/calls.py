"""Calls to a tracking server, and whether one that failed may be repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlflow.exceptions import MlflowException
from requests.exceptions import RetryError

from autolog import mlflow_side
from autolog.outcome import reason

_FOR_GOOD = frozenset(
    {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "INVALID_STATE", "RESOURCE_ALREADY_EXISTS"}
)
"""MLflow's errors that no repetition mends. Not among them: wrong credentials, which somebody may put right."""
_DOUBTFUL = frozenset({"BAD_REQUEST", "INTERNAL_ERROR"})
"""MLflow says this of what passes, such as a conflict between writers, and of what does not, such as nonsense."""


class NotNow(Exception):
    """The server cannot be reached, or says to come back later."""


class Doubtful(NotNow):
    """The server, or this machine, has trouble with this very call, which may pass or not."""


class Refused(Exception):
    """The server will never take this."""


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call the server once.

    Raises:
        NotNow: it may work later.
        Refused: it will not.
    """
    try:
        with mlflow_side.without_retries():
            return function(*args, **kwargs)
    except MlflowException as error:
        raise _kind(error)(reason(error)) from error
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Some of the network's errors are ValueErrors as well.
        raise (NotNow if isinstance(error, OSError) else Doubtful)(reason(error)) from error
    except Exception as error:
        # Drivers, artifact stores and the network raise what they like.
        raise NotNow(reason(error)) from error


def said(error: Exception) -> str:
    """Why it has to wait, for people."""
    return str(error) if isinstance(error, NotNow) else reason(error)


def _kind(error: MlflowException) -> type[Exception]:
    """By MLflow's code; it gives INTERNAL_ERROR to what the network says as well."""
    network = error.__cause__ or error.__context__
    if isinstance(network, OSError) and not isinstance(network, RetryError):  # a RetryError is an answer: 429, 500 ...
        return NotNow
    if error.error_code in _FOR_GOOD:
        return Refused
    return Doubtful if error.error_code in _DOUBTFUL else NotNow

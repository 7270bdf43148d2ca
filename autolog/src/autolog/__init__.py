"""One call, and Keras or TensorFlow training logs itself into MLflow.

    import autolog

    autolog.autolog()

Importing this package imports neither MLflow nor any framework; those are looked at when they are used.
"""

from __future__ import annotations

from autolog import keras, tensorflow
from autolog.doctor import doctor
from autolog.everything import autolog, disable
from autolog.loops import Training, training
from autolog.outcome import AutologWarning
from autolog.runs import flush

__version__ = "0.1.0"

__all__ = [
    "AutologWarning",
    "Training",
    "__version__",
    "autolog",
    "disable",
    "doctor",
    "flush",
    "keras",
    "tensorflow",
    "training",
]

"""What is known of a model, its optimizer and a call of fit, as params and tags."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

from autolog.outcome import harmless
from autolog.runs import Run

UNKNOWN = "unknown"
_DATA = frozenset({"self", "x", "y", "callbacks", "verbose", "validation_data", "sample_weight", "class_weight"})
_ENGINES = frozenset({"max_queue_size", "workers", "use_multiprocessing"})
"""Arguments of fit that say how it runs and not what is trained."""


def of_fit(arguments: dict[str, Any], batch_size: int | None) -> dict[str, object]:
    """The arguments of fit, defaults included; of data only whether they were given."""
    params = {key: value for key, value in arguments.items() if key not in _DATA | _ENGINES and _plain(value)}
    params["batch_size"] = batch_size if batch_size is not None else params.get("batch_size")
    params["validation_data"] = "given" if arguments.get("validation_data") is not None else None
    params["sample_weight"] = "given" if arguments.get("sample_weight") is not None else None
    weights = arguments.get("class_weight")
    if isinstance(weights, dict):  # whose keys and values often are NumPy's, which JSON does not know
        weights = json.dumps({str(key): _number(value) for key, value in weights.items()}, default=str)
    params["class_weight"] = weights
    return params


def of_model(model: Any) -> dict[str, object]:
    """`num_layers`, and `num_params` once the model is built."""
    params: dict[str, object] = {"num_layers": len(model.layers)}
    with contextlib.suppress(ValueError):
        params["num_params"] = model.count_params()
    loss = _loss(model)
    return params | ({"loss": loss} if loss else {})


def _loss(model: Any) -> str | None:
    loss = getattr(model, "loss", None)
    if isinstance(loss, (list, tuple)):
        return ", ".join(_name(each) for each in loss)
    if isinstance(loss, dict):
        return ", ".join(f"{key}: {_name(each)}" for key, each in loss.items())
    return None if loss is None else _name(loss)


def _name(thing: Any) -> str:
    return thing if isinstance(thing, str) else str(getattr(thing, "__name__", None) or type(thing).__name__)


def of_optimizer(optimizer: Any) -> dict[str, object]:
    """`optimizer_name`, `learning_rate`, `epsilon`, and the rest of its settings as `opt_…`.

    Of one that is not Keras's, the name, and the learning rate if it is where Torch's optimizers have it.
    """
    if optimizer is None:
        return {}
    inner = innermost(optimizer)
    params: dict[str, object] = {"optimizer_name": type(inner).__name__}
    if not callable(getattr(inner, "get_config", None)):
        groups = getattr(inner, "param_groups", None)
        return params | ({"learning_rate": _number(groups[0]["lr"])} if groups and "lr" in groups[0] else {})
    params["learning_rate"] = learning_rate_setting(inner)
    config = inner.get_config()
    if "epsilon" in config:
        params["epsilon"] = _number(config["epsilon"])
    for key, value in config.items():
        if key not in {"learning_rate", "epsilon"} and (_plain(value) or value is None):
            params[f"opt_{key}"] = _number(value)
    if inner is not optimizer:
        params["opt_wrapper"] = type(optimizer).__name__
    return params


def innermost(optimizer: Any) -> Any:
    """The optimizer itself, where one that scales the loss is around it."""
    inner = getattr(optimizer, "inner_optimizer", None)
    return optimizer if inner is None else innermost(inner)


def learning_rate_setting(optimizer: Any) -> object:
    """The number, or the schedule with its settings: `ExponentialDecay(initial_learning_rate=0.1, …)`."""
    rate = getattr(optimizer, "_learning_rate", None)
    rate = optimizer.learning_rate if rate is None else rate
    if callable(getattr(rate, "get_config", None)):
        settings = ", ".join(f"{key}={value}" for key, value in rate.get_config().items() if key != "name")
        return f"{type(rate).__name__}({settings})"
    # Of a function, what it gives now.
    return _number(optimizer.learning_rate if callable(rate) else rate)


def learning_rate_now(optimizer: Any) -> float | None:
    """The rate of the next step, a schedule being asked for it."""
    if optimizer is None:
        return None
    optimizer = innermost(optimizer)
    rate = getattr(optimizer, "learning_rate", None)
    if rate is None:
        return None
    if callable(getattr(rate, "get_config", None)):  # Keras 2 gives the schedule itself
        rate = rate(optimizer.iterations)
    number = _number(rate)
    return number if isinstance(number, (int, float)) else None


def versions(module: Any) -> dict[str, str]:
    """Tags: the framework, its backend, and the version of each."""
    from autolog import __version__

    name = module.__name__.partition(".")[0]
    version = str(getattr(module, "__version__", UNKNOWN))
    backend = module.backend.backend() if callable(getattr(module.backend, "backend", None)) else "tensorflow"
    tags = {"framework": "keras", "framework_version": version, "backend": backend, "version": __version__}
    if name != "keras":
        tags["framework_package"] = name
    if engine := sys.modules.get(backend):
        tags["backend_version"] = str(getattr(engine, "__version__", UNKNOWN))
    return {f"autolog.{key}": value for key, value in tags.items()}


class Description:
    """The size and the summary of a model, logged once, as soon as it is built."""

    def __init__(self, model: Any, run: Run) -> None:
        self.options = run.options
        self._model = model
        self._run = run
        self._logged = False

    @harmless("log the model's summary")
    def log_if_built(self) -> None:
        if self._logged or not getattr(self._model, "built", False):
            return
        self._logged = True
        self._run.params(of_model(self._model))
        lines: list[str] = []
        self._model.summary(print_fn=lambda line, *_args, **_kwargs: lines.append(str(line)))
        text = "\n".join(lines)
        self._run.tags({"model_summary": text})
        self._run.text("model_summary.txt", text)


def _plain(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, str)) or _number(value) is not value


def _number(value: Any) -> Any:
    """A number out of a scalar tensor or array, anything else as it is."""
    if value is None or isinstance(value, (bool, int, float, str, dict, list, tuple)):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        return value
    # A float32 0.001 is 0.0010000000474974513 as a double; people wrote 0.001.
    return float(f"{number:.7g}")

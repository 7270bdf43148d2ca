"""What is known of an Estimator, its input and its graph, as params and tags."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from typing import Any

from autolog.keras import data
from autolog.tensorflow import destination

_APPLY = ("ResourceSparseApply", "SparseApply", "ResourceApply", "Apply")
_KERAS_NAMES = {
    "AdagradV2": "Adagrad",
    "AdamWithAmsgrad": "Adam",
    "CenteredRMSProp": "RMSprop",
    "FtrlV2": "Ftrl",
    "GradientDescent": "SGD",
    "KerasMomentum": "SGD",
    "Momentum": "SGD",
    "RMSProp": "RMSprop",
}
"""TensorFlow's ops -> what Keras calls the optimizer, so that runs of both can be compared."""
_RATES = frozenset({"lr", "alpha"})
_LONGEST_WAY = 6


def versions() -> dict[str, str]:
    """Tags: the framework, its backend, and the version of each."""
    return destination.versions() | {
        "autolog.framework": "estimator",
        "autolog.framework_version": importlib.metadata.version("tensorflow-estimator"),
    }


def of_training(estimator: Any, arguments: Mapping[str, Any]) -> dict[str, object]:
    """The Estimator's class and settings, the call's numbers, and the caller's `params`."""
    config = estimator.config
    facts: dict[str, object] = {
        "estimator": type(estimator).__name__.removesuffix("V2"),
        "model_dir": estimator.model_dir,
        "tf_random_seed": config.tf_random_seed,
        "train_distribute": type(config.train_distribute).__name__ if config.train_distribute else None,
    }
    facts |= {
        key: arguments.get(key)
        for key in ("steps", "max_steps", "eval_steps", "eval_throttle_secs")
        if key in arguments or key in {"steps", "max_steps"}
    }
    given = getattr(arguments.get("input_fn"), "keywords", {}).get("batch_size")
    if isinstance(given, int):
        facts["batch_size"] = given
    params = estimator.params
    params = params.values() if not isinstance(params, Mapping) and hasattr(params, "values") else params
    for key, value in dict(params or {}).items():
        facts[key if key not in facts or facts[key] == value else f"params/{key}"] = _readable(value)
    return facts


def _readable(value: Any) -> object:
    """A value as people wrote it; of an object or a function its name."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_readable(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _readable(each) for key, each in value.items()}
    return getattr(value, "name", None) or getattr(value, "__name__", None) or type(value).__name__


def batch_size(found: Any) -> int | None:
    """Of what an input_fn gave: a tf.data.Dataset, or features and labels. None if only consuming it would tell."""
    if isinstance(found, tuple):
        shapes: list[Any] = [getattr(leaf, "shape", ()) for leaf in data.leaves(found)]
        sizes = {shape[0] for shape in shapes if len(shape)}
        return int(sizes.pop()) if len(sizes) == 1 and None not in sizes else None
    return data.batch_size(found, None)


def of_graph(graph: Any) -> dict[str, object]:
    """`optimizer_name`, `learning_rate` and `epsilon`, told from the ops that change the weights, and `num_params`."""
    import tensorflow as tf

    weights = graph.get_collection(tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES)
    sizes = [each.shape.num_elements() for each in weights]
    facts: dict[str, object] = {"num_params": sum(sizes)} if None not in sizes else {}
    found: dict[str, dict[str, object]] = {}
    for op in graph.get_operations():
        prefix = next((each for each in _APPLY if op.type.startswith(each)), None)
        if prefix is not None:
            name = op.type.removeprefix(prefix)
            found.setdefault(_KERAS_NAMES.get(name, name), _settings(graph, op))
    if found:
        # A wide and deep model has one for each part.
        facts["optimizer_name"] = ", ".join(sorted(found))
    if len(found) == 1:
        facts |= next(iter(found.values()))
    return facts


def _settings(graph: Any, op: Any) -> dict[str, object]:
    """The numbers that an op gets, as far as they are constants in the graph; what it sees of a batch is none."""
    settings: dict[str, object] = {}
    names = [each.name for each in op.op_def.input_arg]
    for name, tensor in zip(names, op.inputs, strict=False):
        if name not in _RATES | {"epsilon", "beta1", "beta2", "momentum", "rho"}:
            continue
        number = _constant(graph, tensor)
        if number is not None:
            key = "learning_rate" if name in _RATES else name if name == "epsilon" else f"opt_{name}"
            settings[key] = float(f"{number:.7g}")
    return settings


def _constant(graph: Any, tensor: Any) -> float | None:
    """The number that a tensor always has, or that its variable starts with; None if it is computed."""
    import tensorflow as tf

    for _ in range(_LONGEST_WAY):
        value = tf.get_static_value(tensor)
        if value is not None:
            return float(value) if getattr(value, "shape", ()) == () else None
        if tensor.op.type == "VarHandleOp":
            initial = _initial_values(graph).get(tensor.name)
            return _constant(graph, initial) if initial is not None else None
        if tensor.op.type not in {"Identity", "ReadVariableOp", "Cast"}:
            return None
        tensor = tensor.op.inputs[0]
    return None


def _initial_values(graph: Any) -> dict[str, Any]:
    import tensorflow as tf

    variables = graph.get_collection(tf.compat.v1.GraphKeys.GLOBAL_VARIABLES)
    return {each.handle.name: each.initial_value for each in variables if hasattr(each, "handle")}

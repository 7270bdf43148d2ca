"""The trained model in MLflow's format, with its signature, on this machine's disk."""

from __future__ import annotations

import sys
from typing import Any

from autolog.keras import data, facts
from autolog.keras.data import Spec
from autolog.outcome import reason, tell
from autolog.runs import Run


def save(module: Any, model: Any, x: Any, run: Run, step: int) -> None:
    """Save `model` where the sender finds it.

    With its requirements: left to itself, MLflow would find them by loading the model in another process.
    """
    if not model.built:
        return
    path = run.box.journal.place_for("model")
    three = not str(module.__version__).startswith("2.")
    if three:
        import mlflow.keras as flavor
    else:
        import mlflow.tensorflow as flavor
    flavor.save_model(
        model, str(path), signature=_signature(module, model, x, run), pip_requirements=_requirements(module)
    )
    run.model(path, step)


def _requirements(module: Any) -> list[str]:
    versions = facts.versions(module)
    package = {"keras": "keras", "tf_keras": "tf_keras"}[module.__name__.partition(".")[0]]
    needed = [f"{package}=={versions['autolog.framework_version']}"]
    if version := versions.get("autolog.backend_version"):
        # torch's own builds are called 2.13.0+cpu, which no registry has.
        needed.append(f"{versions['autolog.backend']}=={version.partition('+')[0]}")
    if numpy := sys.modules.get("numpy"):
        needed.append(f"numpy=={numpy.__version__}")
    return needed


def _signature(module: Any, model: Any, x: Any, run: Run) -> Any:
    """From the shapes and types of the data, or where those cannot be seen, of the model's own inputs."""
    from mlflow.models import ModelSignature

    try:
        inputs = data.specs(x)
        if inputs is None and getattr(model, "inputs", None):
            inputs = [Spec.of(each) for each in model.inputs]
        if inputs is None:
            return None
        if isinstance(inputs, list) and len(inputs) == 1:
            inputs = inputs[0]
        return ModelSignature(
            inputs=_schema(inputs, getattr(model, "input_names", None)), outputs=_outputs(module, model, inputs)
        )
    except Exception as error:
        tell(f"autolog could not tell the model's signature ({reason(error)}).", silent=run.options.silent)
        return None


def _outputs(module: Any, model: Any, inputs: Any) -> Any:
    if getattr(model, "outputs", None):
        outputs = [Spec.of(each) for each in model.outputs]
        return _schema(outputs if len(outputs) > 1 else outputs[0], getattr(model, "output_names", None))
    if not hasattr(module, "KerasTensor"):
        return None
    symbols = data.mapped(lambda spec: module.KerasTensor((None, *spec.shape), dtype=spec.dtype), inputs)
    return _schema(data.mapped(Spec.of, model.compute_output_spec(symbols)), None)


def _schema(specs: Any, names: Any) -> Any:
    """One tensor without a name, or several with names: those of a dict, of the model, or numbers."""
    import numpy as np
    from mlflow.types import Schema, TensorSpec

    def tensor(spec: Spec, name: str | None = None) -> Any:
        dtype = np.dtype("O" if spec.dtype == "string" else spec.dtype)
        return TensorSpec(dtype, (-1, *(-1 if size is None else size for size in spec.shape)), name)

    if isinstance(specs, Spec):
        return Schema([tensor(specs)])
    if isinstance(specs, list):
        known = names if names and len(names) == len(specs) else [str(number) for number in range(len(specs))]
        specs = dict(zip(known, specs, strict=True))
    return Schema([tensor(spec, name) for name, spec in specs.items()])

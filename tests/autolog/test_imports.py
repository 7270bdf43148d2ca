"""What is imported when."""

from __future__ import annotations

import textwrap

import pytest

from tests.autolog.stage import Tracking, run_program


def test_importing_autolog_imports_neither_mlflow_nor_a_framework():
    program = run_program(
        """
        import json, sys
        import autolog
        autolog.autolog()
        heavy = {"mlflow", "keras", "tf_keras", "tensorflow", "jax", "torch", "numpy", "pandas", "sqlalchemy"}
        print(json.dumps(sorted(heavy & set(sys.modules))))
        """
    )
    assert program.result == [], program.errors


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_framework_is_logged_whether_it_is_imported_before_or_after(tracking: Tracking, order: str):
    imports = ["import keras, numpy", "import autolog; autolog.autolog(log_models=False)"]
    train = """
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", jit_compile=False)
        model.fit(numpy.ones((4, 2)), numpy.ones((4, 1)), verbose=0)
        """
    program = run_program("\n".join([*(imports if order == "before" else reversed(imports)), textwrap.dedent(train)]))
    assert program.status == 0, program.errors
    assert tracking.run().steps("loss") == [0]


def test_what_is_turned_off_before_the_framework_comes_stays_off(tracking: Tracking):
    program = run_program(
        """
        import autolog
        autolog.autolog()
        autolog.disable()
        import keras, json
        print(json.dumps(hasattr(keras.Model.fit, "__wrapped__") and "autolog" in keras.Model.fit.__code__.co_filename))
        """
    )
    assert program.result is False, program.errors

"""Whether this process is the one that logs: of a distributed training, the chief alone does."""

from __future__ import annotations

import json
import os
import sys


def is_chief() -> bool:
    """True where nothing says that another process of the same training logs.

    Asked, in this order: `TF_CONFIG`, JAX and torch.distributed where they are in use, Horovod. Only what is already
    imported is looked at.
    """
    for ask in (_tensorflow, _jax, _torch, _horovod):
        rank = ask()
        if rank is not None:
            return rank == 0
    return True


def _tensorflow() -> int | None:
    # https://www.tensorflow.org/guide/distributed_training#TF_CONFIG
    text = os.environ.get("TF_CONFIG")
    if not text:
        return None
    try:
        config = json.loads(text)
        cluster, task = config.get("cluster", {}), config.get("task", {})
        kind, index = task.get("type", "worker"), int(task.get("index", 0))
    except (ValueError, AttributeError, TypeError):
        return None
    if not cluster:
        return None
    if kind in {"chief", "master"}:
        return 0
    if kind == "worker" and not ({"chief", "master"} & set(cluster)):
        return index
    return 1


def _jax() -> int | None:
    jax = sys.modules.get("jax")
    state = getattr(getattr(getattr(jax, "_src", None), "distributed", None), "global_state", None)
    # Not jax.process_index(): where nothing is distributed, that would start the backend for the sake of a question.
    if jax is None or getattr(state, "client", None) is None:
        return None
    return int(state.process_id)  # type: ignore[union-attr]


def _torch() -> int | None:
    distributed = getattr(sys.modules.get("torch"), "distributed", None)
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return None
    return int(distributed.get_rank())


def _horovod() -> int | None:
    rank = os.environ.get("HOROVOD_RANK", "")
    return int(rank) if rank.isdigit() else None

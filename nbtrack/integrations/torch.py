"""PyTorch without a trainer: what a loop of one's own can log, and go on from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from .. import _api
from .._errors import ArtifactNotFoundError, InvalidDataError
from ..record.artifacts import Artifact

__all__ = [
    "autolog",
    "gradient_norm",
    "learning_rates",
    "load_checkpoint",
    "optimizer_config",
    "save_checkpoint",
]

_FILE = "checkpoint.pt"


def learning_rates(optimizer: torch.optim.Optimizer) -> dict[str, float]:
    """The learning rates now, to be logged: ``nbtrack.log({…, **learning_rates(optimizer)})``.

    Returns:
        ``{"lr": …}``. With several groups of parameters, one for each: ``lr/0``, ``lr/1``, or
        ``lr/<name>`` of a group that has a ``"name"``.
    """
    groups = optimizer.param_groups
    if len(groups) == 1:
        return {"lr": float(groups[0]["lr"])}
    return {f"lr/{group.get('name', at)}": float(group["lr"]) for at, group in enumerate(groups)}


def optimizer_config(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """What an optimizer was made with, for a config: ``run.config.update(optimizer_config(…))``.

    Returns:
        ``{"optimizer": {"type": "AdamW", "lr": …, …}}``; with several groups of parameters,
        ``"groups"`` has a dictionary of what is different in each.
    """
    groups = [
        {key: _plain(value) for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]
    first, *others = groups
    same = {k: v for k, v in first.items() if all(k in o and o[k] == v for o in others)}
    described = {"type": type(optimizer).__name__, **same}
    if others:
        described["groups"] = [{k: v for k, v in g.items() if k not in same} for g in groups]
    return {"optimizer": described}


def gradient_norm(
    parameters: torch.nn.Module | Iterable[torch.Tensor], norm_type: float = 2.0
) -> torch.Tensor:
    """The norm of all gradients together, as they lie in ``.grad`` now.

    It is what ``torch.nn.utils.clip_grad_norm_()`` gives, and nothing is clipped.

    Args:
        parameters: A model, or parameters.
        norm_type: Of which norm; ``inf`` is the greatest value.

    Returns:
        A scalar tensor where the gradients are: 0 if there are none. :meth:`nbtrack.Run.log` takes
        it as it is.
    """
    if isinstance(parameters, torch.nn.Module):
        parameters = parameters.parameters()
    gradients = [one.grad for one in parameters if one.grad is not None]
    norms = [torch.linalg.vector_norm(gradient, norm_type) for gradient in gradients]
    if not norms:
        return torch.tensor(0.0)
    device = norms[0].device
    return torch.linalg.vector_norm(torch.stack([norm.to(device) for norm in norms]), norm_type)


def save_checkpoint(*, aliases: Sequence[str] | None = None, **parts: Any) -> Artifact:
    """Record what a training can go on from: a version of the artifact ``checkpoint-<run>``.

    Args:
        aliases: What the version is called, besides ``latest``.
        parts: Whatever has a ``state_dict()`` (models, optimizers, schedulers, scalers), and
            tensors or plain values, such as ``epoch=3``.

    Raises:
        As :meth:`nbtrack.Run.log_artifact`.
    """
    run = _api.current_run()
    states = {name: _state(part) for name, part in parts.items()}
    plain = {name: v for name, v in parts.items() if isinstance(v, bool | int | float | str)}
    artifact = Artifact(f"checkpoint-{run.id}", "checkpoint", metadata=plain)
    with artifact.new_file(_FILE, "wb") as file:
        torch.save(states, file)
    return run.log_artifact(artifact, aliases=aliases)


def load_checkpoint(name: str | None = None, /, **parts: Any) -> dict[str, Any]:
    """Bring parts to the state of a checkpoint.

    Nothing but tensors and plain values is read of it, so that one from elsewhere runs no code.

    Args:
        name: ``"checkpoint-<run>:latest"``, or another version or alias; by default the latest of
            the current run, which has one if it goes on.
        parts: What is to get its state back, by the names that :func:`save_checkpoint` was given.

    Returns:
        The values of the checkpoint that are no states of parts, such as ``epoch``. Empty if no
        name was given and the run has no checkpoint: then it begins.

    Raises:
        ArtifactNotFoundError: There is no artifact of this name.
        InvalidDataError: It has nothing for one of the parts.
    """
    run = _api.current_run()
    try:
        artifact = run.use_artifact(name or f"checkpoint-{run.id}", type="checkpoint")
    except ArtifactNotFoundError:
        if name is not None:
            raise
        return {}
    with tempfile.TemporaryDirectory(prefix="nbtrack-") as folder:
        states = torch.load(artifact.file(folder), map_location="cpu", weights_only=True)
    missing = [part for part in parts if part not in states]
    if missing:
        raise InvalidDataError(
            f"{artifact.name}:{artifact.version} has no {', '.join(missing)}",
            operation="load a checkpoint",
            hint=f"It has {', '.join(states)}.",
        )
    for key, part in parts.items():
        part.load_state_dict(states.pop(key))
    return dict(states)


def autolog() -> None:
    """Nothing: a loop of one's own logs what it wants to; see :func:`nbtrack.autolog`."""


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, torch.Tensor) and value.numel() == 1 else value


def _state(part: Any) -> Any:
    state_dict = getattr(part, "state_dict", None)
    return state_dict() if callable(state_dict) else part

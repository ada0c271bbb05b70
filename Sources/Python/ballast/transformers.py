"""The experts of a Mixtral-architecture model of transformers, computed by Ballast; needs transformers 5 and torch.

    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    with ballast.transformers.attach(model) as attached, attached.balancer.running():
        model.generate(...)
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import __version__ as version
from transformers.models.mixtral import modeling_mixtral as mixtral

from ._library import Settings
from .balancer import Balancer
from .errors import BallastError, StaleHandleError, UnsupportedModelError
from .executor import Executor
from .lane import Lane
from .shapes import Model, Phase, Precision

EXACT: Settings = {"planner.memoryBudgetShare": 1.5, "planner.qualityBudget": 0}
"""Settings by which experts keep the precision they have, with room for copies of half of them."""

_PRECISIONS = {torch.float32: Precision.FLOAT32, torch.bfloat16: Precision.BFLOAT16}


class Attachment:
    """A model whose experts `balancer` computes; a context manager, which gives the model its own back at the end.

    Any number of threads may call the model: each gets a lane of its own. The weights stay where they are, and must not be changed.
    """

    def __init__(self, layers: list[Any], executor: Executor, balancer: Balancer) -> None:
        """What `attach` makes."""
        self.balancer = balancer
        self._executor = executor
        self._thread = threading.local()
        self._layers = layers
        self._hooks: list[Any] = []
        for layer, block in enumerate(layers):
            self._hooks.append(block.post_attention_layernorm.register_forward_pre_hook(self._remember))
            block.mlp.experts.forward = self._forward(layer)

    def detach(self) -> None:
        """Gives the model its own experts back and lets the balancer go; nothing happens when that was done."""
        layers, self._layers = self._layers, []
        for hook in self._hooks:
            hook.remove()
        for block in layers:
            del block.mlp.experts.forward
        self._thread = threading.local()
        self.balancer.close()
        self._executor.close()

    def __enter__(self) -> "Attachment":
        return self

    def __exit__(self, *_: object) -> None:
        self.detach()

    def _remember(self, _: torch.nn.Module, arguments: tuple[torch.Tensor, ...]) -> None:
        # What a layer's experts are added to: [batch][position][hidden].
        self._thread.stream = arguments[0]

    def _lane(self) -> Lane:
        if not self._layers:
            raise StaleHandleError("the model was detached; attach it again")
        lane: Lane | None = getattr(self._thread, "lane", None)
        if lane is None:
            lane = self._thread.lane = self.balancer.lane()
        return lane

    def _forward(self, layer: int) -> Callable[..., torch.Tensor]:
        compute: Callable[..., torch.Tensor] = _Computed.apply

        def forward(hidden_states: torch.Tensor, top_k_index: torch.Tensor, top_k_weights: torch.Tensor) -> torch.Tensor:
            return compute(hidden_states, top_k_weights, self, layer, top_k_index)

        return forward

    def _compute(self, layer: int, states: torch.Tensor, experts: torch.Tensor, gates: torch.Tensor) -> torch.Tensor:
        """[token][hidden], as `states`."""
        stream: torch.Tensor | None = self._thread.__dict__.pop("stream", None)
        phase = Phase.PREFILL if stream is not None and stream.dim() == 3 and stream.shape[1] > 1 else Phase.DECODE
        if stream is not None:
            stream = stream.reshape(states.shape)
        found = self._lane().forward(
            layer, experts.contiguous().numpy(), _floats(gates), _floats(states), phase=phase,
            residual=None if stream is None else _floats(stream.detach()))
        return torch.from_numpy(found).to(states.dtype)


class _Computed(torch.autograd.Function):
    """The experts' outputs, without a gradient."""

    @staticmethod
    def forward(_: Any, states: torch.Tensor, gates: torch.Tensor, attachment: Attachment, layer: int,
                experts: torch.Tensor) -> torch.Tensor:
        return attachment._compute(layer, states.detach(), experts, gates.detach())

    @staticmethod
    def backward(_: Any, *gradients: Any) -> Any:
        raise BallastError("experts computed by Ballast have no gradient; detach the model to train it")


def attach(model: torch.nn.Module, *, devices: int = 2, memory_bytes_per_device: int = 0,
           settings: Settings = EXACT) -> Attachment:
    """Has Ballast's CPU executor compute the experts of `model` until the result is detached.

    devices: groups of worker threads, each with memory for replicas of its own. settings: as for `Balancer`; the default keeps every
    expert exact. Weights are float32 or bfloat16, on the CPU, and are named, not copied; replicas are packed beside them. Nothing is
    moved until the balancer ticks: by `attached.balancer.running()`, or by its `tick`. What cannot be attached raises
    `UnsupportedModelError` and leaves the model as it was.
    """
    layers = _layers(model)
    first = layers[0].mlp.experts
    shape = Model(
        layers=len(layers), experts_per_layer=first.num_experts, experts_per_token=layers[0].mlp.gate.top_k,
        full_precision=_PRECISIONS[first.gate_up_proj.dtype])
    executor = Executor(shape, hidden=first.hidden_dim, inner=first.intermediate_dim, devices=devices,
                        memory_bytes_per_device=memory_bytes_per_device)
    try:
        for layer, block in enumerate(layers):
            experts = block.mlp.experts
            both, down = _weights(experts.gate_up_proj), _weights(experts.down_proj)
            for expert in range(shape.experts_per_layer):
                executor.load(layer, expert, both[expert, : executor.inner], both[expert, executor.inner:], down[expert])
        balancer = Balancer.on(executor, settings=settings)
    except BaseException:
        executor.close()
        raise
    return Attachment(layers, executor, balancer)


def _layers(model: torch.nn.Module) -> list[Any]:
    kind = getattr(mixtral, "MixtralExperts", None)
    if kind is None:
        raise UnsupportedModelError(f"transformers {version} keeps Mixtral's experts in another form; install version 5")
    layers: list[Any] = [block for block in model.modules() if isinstance(block, mixtral.MixtralDecoderLayer)]
    if not layers:
        raise UnsupportedModelError(f"{type(model).__name__} has no Mixtral layer; only that architecture can be attached")
    for number, block in enumerate(layers):
        problem = _problem(block.mlp.experts, kind)
        if problem:
            raise UnsupportedModelError(f"layer {number}: {problem}")
    return layers


def _problem(experts: Any, kind: Any) -> str | None:
    if not isinstance(experts, kind):
        return f"its experts are {type(experts).__name__}, not {kind.__name__}; attach the model unmodified"
    if "forward" in vars(experts):
        return "its experts are attached already; detach them first"
    if not isinstance(experts.act_fn, torch.nn.SiLU) and type(experts.act_fn).__name__ != "SiLUActivation":
        return f"its experts use {type(experts.act_fn).__name__}; only SiLU is computed"
    for weights in (experts.gate_up_proj, experts.down_proj):
        if weights.device.type != "cpu":
            return f"its weights are on {weights.device}; move the model to the CPU"
        if weights.dtype not in _PRECISIONS:
            return f"its weights are {weights.dtype}; load the model in torch.float32 or torch.bfloat16"
    return None


def _weights(parameter: torch.Tensor) -> np.ndarray:
    """[expert][row][column], in place: float32, or uint16 with the bits of bfloat16."""
    tensor = parameter.detach()
    is_short = tensor.dtype == torch.bfloat16
    found: np.ndarray = (tensor.view(torch.int16) if is_short else tensor).numpy()
    return found.view(np.uint16) if is_short else found


def _floats(tensor: torch.Tensor) -> np.ndarray:
    """As float32, in place where it is that already."""
    found: np.ndarray = tensor.to(torch.float32).contiguous().numpy()
    return found

"""The bundled model with its experts computed by Ballast, beside the same model as transformers computes it."""

import json
from pathlib import Path

import numpy as np
import pytest

import ballast

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

FOLDER = Path(__file__).parents[2] / "Examples/Models/bytes-moe-10m"
# As EXACT, and quick to act: a tick is taken between two tokens.
torch.set_num_threads(1)
EAGER = {
    "planner.memoryBudgetShare": 1.5, "planner.qualityBudget": 0, "planner.moveBudgetShare": 1, "planner.leastGain": 0,
    "estimator.windowTokens": 1024, "controller.dwellTicks": 1, "controller.cooldownTicks": 0,
    "controller.enterImbalance": 1.002, "controller.leaveImbalance": 1.001, "controller.planLifeTicks": 100_000,
}


def attach(*arguments, **options):
    from ballast import transformers as under_test

    return under_test.attach(*arguments, **options)


def text(domain, sequences=4, length=128):
    """[sequence][byte]"""
    read = np.frombuffer((FOLDER / f"texts/{domain}.txt").read_bytes(), np.uint8)[: sequences * length]
    return torch.from_numpy(read.reshape(sequences, length).astype(np.int64))


@pytest.fixture
def model():
    return transformers.AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32).eval()


@pytest.mark.parametrize("domain", ["python", "prose"])
def test_outputs_are_those_of_the_model_itself(model, domain):
    batch = text(domain)
    with torch.no_grad():
        expected = model(batch).logits
        with attach(model):
            found = model(batch).logits
        again = model(batch).logits
    assert not torch.equal(found, expected)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
    assert torch.equal(again, expected)


def test_weights_of_bfloat16_are_read_in_place(model):
    batch = text("math")
    model = model.to(torch.bfloat16)
    with torch.no_grad():
        expected = model(batch).logits.float()
        with attach(model) as attached:
            found = model(batch).logits
            weights = attached._executor._weights
            held = model.model.layers[0].mlp.experts.gate_up_proj
            assert weights[0].ctypes.data == held.data_ptr() and weights[1].ctypes.data == held[0, 128:].data_ptr()
    assert found.dtype == torch.bfloat16
    assert (found.float() - expected).abs().mean() < 0.02 * expected.abs().mean()


def test_load_is_what_the_routers_chose(model):
    batch = text("c")
    chosen = []
    hooks = [block.mlp.gate.register_forward_hook(lambda _, __, found: chosen.append(found[2]))
             for block in model.model.layers]
    with attach(model) as attached, torch.no_grad():
        model(batch)
        with attached.balancer.load() as load:
            counted = load.counts(ballast.Phase.PREFILL)
            assert load.counts(ballast.Phase.DECODE).sum() == 0
    for hook in hooks:
        hook.remove()
    for layer, experts in enumerate(chosen):
        np.testing.assert_array_equal(counted[layer], np.bincount(experts.ravel().numpy(), minlength=32))


class Ticks(transformers.LogitsProcessor):
    """Takes a turn of the control loop after each token, and remembers what the placement was."""

    def __init__(self, balancer):
        self.balancer, self.placements = balancer, [balancer.placement().tobytes()]

    def __call__(self, tokens, scores):
        self.balancer.tick(len(self.placements) * 1_000_000)
        self.placements.append(self.balancer.placement().tobytes())
        return scores


def test_plans_are_applied_while_it_generates(model):
    def generate(batch, *processors):
        return model.generate(batch, max_new_tokens=24, do_sample=False, pad_token_id=0,
                              logits_processor=transformers.LogitsProcessorList(processors))

    batches = [text("python", 8), text("german", 8)]
    expected = [generate(batch) for batch in batches]
    with attach(model, devices=4, settings=EAGER) as attached:
        loads = []
        for batch, tokens in zip(batches, expected):
            ticks = Ticks(attached.balancer)
            assert torch.equal(generate(batch, ticks), tokens)
            assert len(set(ticks.placements)) > 1
            with attached.balancer.load() as load:
                loads.append(load.counts(ballast.Phase.PREFILL).astype(float))
        statistics = attached.balancer.statistics()
    assert statistics.plans_published >= 2 and statistics.plans_abandoned == 0
    # Another language chooses other experts, which is what the plans follow.
    shares = [load / load.sum() for load in (loads[0], loads[1] - loads[0])]
    assert np.abs(shares[0] - shares[1]).sum() > 0.2


def test_the_reference_continuation_is_generated_while_a_thread_ticks(model):
    reference = json.loads((FOLDER / "reference_greedy.json").read_text())
    prompt, expected = torch.tensor([list(reference["prompt"].encode())]), reference["bytes"]
    count = len(expected) - prompt.shape[1]
    with attach(model, settings=EAGER | {"tickMilliseconds": 1}) as attached, attached.balancer.running():
        found = model.generate(prompt, max_new_tokens=count, do_sample=False, pad_token_id=0)[0].tolist()
        assert attached.balancer.statistics().tokens == len(expected) - 1
    assert found == expected
    with pytest.raises(ballast.StaleHandleError):
        attached.balancer.statistics()


def test_what_cannot_be_computed_is_refused_and_left_alone(model):
    with pytest.raises(ballast.UnsupportedModelError, match="Linear"):
        attach(torch.nn.Linear(2, 2))
    with attach(model) as attached:
        with pytest.raises(ballast.UnsupportedModelError, match="attached already"):
            attach(model)
        attached.detach()
        attached.detach()
    with pytest.raises(ballast.UnsupportedModelError, match="float16"):
        attach(model.half())
    model.float()
    with pytest.raises(ballast.BadSettingError):
        attach(model, settings="nonsense = 1")
    with pytest.raises(ballast.BadValueError):
        attach(model, devices=-1)
    model.model.layers[2].mlp.experts.act_fn = torch.nn.GELU()
    with pytest.raises(ballast.UnsupportedModelError, match="layer 2.*GELU"):
        attach(model)
    assert all("forward" not in vars(block.mlp.experts) for block in model.model.layers)


def test_training_through_it_is_refused(model):
    with attach(model):
        loss = model(text("c", 1, 16)).logits.sum()
        with pytest.raises(ballast.BallastError, match="gradient"):
            loss.backward()


def test_other_versions_of_transformers_are_refused(model, monkeypatch):
    from ballast import transformers as under_test

    monkeypatch.delattr(under_test.mixtral, "MixtralExperts")
    with pytest.raises(ballast.UnsupportedModelError, match="install version 5"):
        attach(model)

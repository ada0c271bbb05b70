"""Teaches bytes-moe-10m to pass each layer's experts in several rounds, and writes what that adds to it.

    python3 -m pip install jax && python3 train.py            # rounds.safetensors, from two rounds of two experts
    python3 train.py --rounds 1 --output control              # the control: one round of four, tuned alike

Experts, attention and embeddings stay as they are. What is learned is, for every layer and round, a router, the weights of
the norm before it, and what its gate weights sum to. The first half of each text of bytes-moe-10m is learned from;
the second half is never seen and says what was reached. Every random choice takes the seed.
"""

import argparse
import json
import pathlib
import struct

import jax
import jax.numpy as jnp
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ORIGINAL = HERE.parent / "bytes-moe-10m"
SEQUENCE = 256


def read_tensors(path):
    """Every bfloat16 tensor of a safetensors file, as float32."""
    raw = path.read_bytes()
    start = 8 + struct.unpack("<Q", raw[:8])[0]
    tensors = {}
    for name, entry in json.loads(raw[8:start]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            halves = np.frombuffer(raw[start + begin : start + end], dtype="<u2").astype(np.uint32)
            tensors[name] = (halves << 16).view(np.float32).reshape(entry["shape"])
    return tensors


def write_tensors(path, tensors):
    """The tensors as bfloat16, rounded to nearest."""
    header, body = {}, b""
    for name, values in sorted(tensors.items()):
        bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32).astype(np.uint64)
        halves = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2").tobytes()
        header[name] = {"dtype": "BF16", "shape": list(values.shape), "data_offsets": [len(body), len(body) + len(halves)]}
        body += halves
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


class Model:
    """The forward pass of the Mixtral format over whole sequences, with several rounds a layer."""

    def __init__(self, tensors, configuration, rounds):
        self.tensors = {name: jnp.asarray(values) for name, values in tensors.items()}
        self.layers = configuration["num_hidden_layers"]
        self.heads = configuration["num_attention_heads"]
        self.experts = configuration["num_local_experts"]
        self.hidden = configuration["hidden_size"]
        self.epsilon = configuration["rms_norm_eps"]
        self.rounds = rounds
        self.chosen = configuration["num_experts_per_tok"] // rounds
        width = self.hidden // self.heads
        turns = 1 / configuration["rope_theta"] ** (np.arange(0, width, 2) / width)
        angles = np.arange(SEQUENCE)[:, None] * turns[None]
        self.cosines, self.sines = jnp.asarray(np.cos(angles)), jnp.asarray(np.sin(angles))
        self.unseen = jnp.where(jnp.tril(jnp.ones((SEQUENCE, SEQUENCE), bool)), 0.0, -1e30)
        self.matrices = [
            {
                matrix: jnp.stack([self.tensors[f"{self.moe(layer)}experts.{expert}.{matrix}.weight"] for expert in range(self.experts)])
                for matrix in ("w1", "w2", "w3")
            }
            for layer in range(self.layers)
        ]

    def moe(self, layer):
        return f"model.layers.{layer}.block_sparse_moe."

    def start(self):
        """What is learned, as it is before: every round as the one there was, the first of them worth most."""
        sums = [1.0] if self.rounds == 1 else [0.7] + [0.3 / (self.rounds - 1)] * (self.rounds - 1)
        learned = {}
        for layer in range(self.layers):
            for round, gate_sum in enumerate(sums):
                names = self.names(layer, round)
                learned[names["router"]] = self.tensors[self.moe(layer) + "gate.weight"]
                learned[names["norm"]] = self.tensors[f"model.layers.{layer}.post_attention_layernorm.weight"]
                learned[names["sum"]] = jnp.full((1,), gate_sum)
        return learned

    def names(self, layer, round):
        prefix = f"{self.moe(layer)}rounds.{round}."
        return {"router": prefix + "gate.weight", "norm": prefix + "norm.weight", "sum": prefix + "gate_sum"}

    def normalized(self, x, weight):
        return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + self.epsilon) * weight

    def rotated(self, x):
        half = x.shape[-1] // 2
        left, right = x[..., :half], x[..., half:]
        cosines, sines = self.cosines[None, :, None], self.sines[None, :, None]
        return jnp.concatenate([left * cosines - right * sines, right * cosines + left * sines], -1)

    def attended(self, x, layer):
        names = f"model.layers.{layer}.self_attn."
        read = self.normalized(x, self.tensors[f"model.layers.{layer}.input_layernorm.weight"])
        query, key, value = (
            (read @ self.tensors[f"{names}{part}_proj.weight"].T).reshape(*x.shape[:2], self.heads, -1) for part in "qkv"
        )
        scores = jnp.einsum("bihd,bjhd->bhij", self.rotated(query), self.rotated(key)) / np.sqrt(query.shape[-1])
        gathered = jnp.einsum("bhij,bjhd->bihd", jax.nn.softmax(scores + self.unseen, -1), value)
        return x + gathered.reshape(x.shape) @ self.tensors[names + "o_proj.weight"].T

    def round(self, x, layer, router, norm, gate_sum, room):
        """x + Σ g · E(norm(x)); each expert has room for a share of all tokens, and takes those with the largest g."""
        read = self.normalized(x, norm).reshape(-1, self.hidden)
        best, chosen = jax.lax.top_k(read @ router.T, self.chosen)
        gates = jnp.sum(jax.nn.one_hot(chosen, self.experts) * jax.nn.softmax(best, -1)[..., None], -2) * gate_sum
        weights, tokens = jax.lax.top_k(gates.T, int(read.shape[0] * room))
        matrices, met = self.matrices[layer], read[tokens]
        gate = jax.nn.silu(jnp.einsum("etc,eic->eti", met, matrices["w1"]))
        up = jnp.einsum("etc,eic->eti", met, matrices["w3"])
        down = jnp.einsum("eti,eci->etc", gate * up * weights[..., None], matrices["w2"])
        return x + jnp.zeros_like(read).at[tokens.reshape(-1)].add(down.reshape(-1, self.hidden)).reshape(x.shape)

    def bits(self, learned, batch, room):
        """Mean bits per byte; the first byte of a sequence is not predicted."""
        x = self.tensors["model.embed_tokens.weight"][batch]
        for layer in range(self.layers):
            x = self.attended(x, layer)
            for round in range(self.rounds):
                names = self.names(layer, round)
                x = self.round(x, layer, learned[names["router"]], learned[names["norm"]], learned[names["sum"]], room)
        logits = self.normalized(x, self.tensors["model.norm.weight"]) @ self.tensors["lm_head.weight"].T
        likelihood = jax.nn.log_softmax(logits[:, :-1], -1)
        return -jnp.mean(jnp.take_along_axis(likelihood, batch[:, 1:, None], -1)) / np.log(2)


def texts():
    """The halves of every text, as sequences."""
    halves = {}
    for path in sorted((ORIGINAL / "texts").glob("*.txt")):
        sequences = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, SEQUENCE).astype(np.int32)
        halves[path.stem] = np.split(sequences, 2)
    return halves


def train(model, learned, sequences, arguments):
    """Adam, its step falling evenly to a tenth."""
    random = np.random.default_rng(arguments.seed)
    slope = jax.jit(jax.value_and_grad(lambda learned, batch: model.bits(learned, batch, room=0.1875)))
    means = {name: jnp.zeros_like(values) for name, values in learned.items()}
    squares = dict(means)
    order, reached = [], 0.0
    for step in range(1, arguments.steps + 1):
        if len(order) < arguments.batch:
            order = list(random.permutation(len(sequences)))
        bits, slopes = slope(learned, sequences[[order.pop() for _ in range(arguments.batch)]])
        rate = arguments.rate * min(1, step / 20) * (1 - 0.9 * (step - 1) / arguments.steps)
        for name, gradient in slopes.items():
            means[name] = 0.9 * means[name] + 0.1 * gradient
            squares[name] = 0.99 * squares[name] + 0.01 * gradient * gradient
            mean, square = means[name] / (1 - 0.9**step), squares[name] / (1 - 0.99**step)
            learned[name] = learned[name] - rate * mean / (jnp.sqrt(square) + 1e-8)
        reached = float(bits) if step == 1 else 0.95 * reached + 0.05 * float(bits)
        if step % 50 == 0:
            print(f"step {step}: {reached:.4f} bits per byte while learning", flush=True)
    return learned


def report(model, learned, halves):
    score = jax.jit(lambda learned, batch: model.bits(learned, batch, room=1))
    total = 0.0
    for name, (_, unseen) in halves.items():
        bits = float(np.mean([float(score(learned, unseen[first : first + 8])) for first in range(0, len(unseen), 8)]))
        total += bits / len(halves)
        print(f"{name:>8}: {bits:.4f} bits per byte of the half not seen", flush=True)
    print(f"    mean: {total:.4f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=4, help="sequences a step")
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=pathlib.Path, default=HERE)
    arguments = parser.parse_args()
    configuration = json.loads((ORIGINAL / "config.json").read_text())
    model = Model(read_tensors(ORIGINAL / "model.safetensors"), configuration, arguments.rounds)
    halves = texts()
    learned = train(model, model.start(), np.concatenate([first for first, _ in halves.values()]), arguments)
    arguments.output.mkdir(parents=True, exist_ok=True)
    write_tensors(arguments.output / "rounds.safetensors", {name: np.asarray(values) for name, values in learned.items()})
    report(model, {name: jnp.asarray(values) for name, values in read_tensors(arguments.output / "rounds.safetensors").items()}, halves)


if __name__ == "__main__":
    main()

"""A tiny random Llama as files: a folder as the hub has them, and a GGUF file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers import models as tokenizer_models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from templora.engine import ModelState

TEXT = "The lamp was lit before anybody came up the stair, and the harbour had gone quiet when the wind turned."
IDS = torch.tensor([[0, 20, 30, 40, 50, 60]])
_KEY_VALUE_HEADS = 2


def tiny_llama(vocab_size: int = 320) -> LlamaForCausalLM:
    """About 190,000 parameters, 0.8 MB."""
    torch.manual_seed(11)
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=_KEY_VALUE_HEADS,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=1,
        dtype="float32",
    )
    return LlamaForCausalLM(config).eval()


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE of 320 tokens."""
    inner = Tokenizer(tokenizer_models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([TEXT], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", eos_token="</s>")


def write_folder(folder: Path, vocab_size: int = 320, **options: Any) -> Path:
    """The model and its tokenizer as `save_pretrained` writes them; `options` as its own (max_shard_size)."""
    tiny_llama(vocab_size).save_pretrained(folder, **options)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def write_gguf(path: Path) -> Path:
    """The same as a GGUF file. Its query and key rows are in llama.cpp's order, as real files have them."""
    model, tokenizer = tiny_llama(), tiny_tokenizer()
    config = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(_KEY_VALUE_HEADS)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_rope_freq_base(10000.0)
    _write_vocabulary(writer, tokenizer)
    names = {"embed_tokens": "token_embd", "lm_head": "output", "model.norm": "output_norm"}
    parts = {
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }
    for name, tensor in model.state_dict().items():
        values = tensor.numpy()
        if name.startswith("model.layers."):
            _, _, layer, part = name.removesuffix(".weight").split(".", 3)
            if part.endswith(("q_proj", "k_proj")):
                heads = config.num_attention_heads if part.endswith("q_proj") else _KEY_VALUE_HEADS
                rows = values.reshape(heads, 2, values.shape[0] // heads // 2, values.shape[1])
                values = rows.swapaxes(1, 2).reshape(values.shape)
            writer.add_tensor(f"blk.{layer}.{parts[part]}.weight", values)
        else:
            short = name.removesuffix(".weight").replace("model.embed", "embed")
            writer.add_tensor(f"{names[short]}.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_vocabulary(writer: gguf.GGUFWriter, tokenizer: PreTrainedTokenizerFast) -> None:
    words = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([word for word, _ in words])
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_token_types([control if word in ("<s>", "</s>") else normal for word, _ in words])
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(pair) if isinstance(pair, list) else pair for pair in merges])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)


class Reports(list[tuple[ModelState, str, float | None]]):
    """Collects what a step reports; called like the callback."""

    def __call__(self, state: ModelState, message: str, progress: float | None) -> None:
        self.append((state, message, progress))

    def text(self) -> str:
        return "\n".join(message for _, message, _ in self)


def change_config(folder: Path, **fields: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

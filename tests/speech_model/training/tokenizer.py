"""The model's tokenizer: byte-level BPE whose merges make one token of each known word, with its space."""

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from tests.speech_model.training.vocab import WORDS

MAX_SECONDS = 10  # time stamps run from 0.00 to 10.00 in steps of 0.02
STEPS_A_SECOND = 50
SPECIALS = [
    *("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>"),
    *("<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
]


def build() -> Tokenizer:
    """Text ids come first, then the specials, then the stamps: faster-whisper compares ids by that order."""
    vocabulary = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    merges = []
    for word in WORDS:
        piece = "Ġ"
        for letter in word:
            if piece + letter not in vocabulary:
                merges.append((piece, letter))
                vocabulary[piece + letter] = len(vocabulary)
            piece += letter
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIALS])
    stamps = [f"<|{step / STEPS_A_SECOND:.2f}|>" for step in range(MAX_SECONDS * STEPS_A_SECOND + 1)]
    tokenizer.add_tokens([AddedToken(stamp, special=False, normalized=False) for stamp in stamps])
    return tokenizer


def _word_ids(tokenizer: Tokenizer) -> dict[str, int]:
    ids = {word: tokenizer.encode(" " + word).ids for word in WORDS}
    split = [word for word, found in ids.items() if len(found) != 1]
    if split:
        raise ValueError(f"words of more than one token: {split}")
    return {word: found[0] for word, found in ids.items()}


def _id(name: str) -> int:
    found = TOKENIZER.token_to_id(name)
    if found is None:
        raise KeyError(name)
    return found


TOKENIZER = build()
SIZE = TOKENIZER.get_vocab_size()
END = _id("<|endoftext|>")
START = _id("<|startoftranscript|>")
PREVIOUS = _id("<|startofprev|>")
NO_SPEECH = _id("<|nospeech|>")
NO_STAMPS = _id("<|notimestamps|>")
FIRST_STAMP = NO_STAMPS + 1
WORD_IDS = _word_ids(TOKENIZER)

"""Words by number, for models that read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_TOKEN = re.compile(r"\[[A-Z]+\]|\w+|[^\w\s]")


class Vocabulary:
    """The words and punctuation marks of some texts, the most frequent first, after five that stand for no word.

    A number is looked up by its token, ``vocabulary["[MASK]"]``, and a token by its number, ``vocabulary.tokens[4]``.

    >>> vocabulary = Vocabulary(["the cat sees the dog.", "the dog sleeps."])
    >>> vocabulary.encode("The dog sees the mouse.")
    [5, 7, 9, 5, 1, 6]
    >>> vocabulary.decode([5, 7, 9, 5, 1, 6])
    'the dog sees the [UNK] .'
    """

    def __init__(self, texts: Iterable[str], specials: Sequence[str] = _SPECIAL) -> None:
        counts = Counter(token for text in texts for token in self.split(text))
        words = sorted(counts.keys() - set(specials), key=lambda token: (-counts[token], token))
        self.tokens = [*specials, *words]
        self._numbers = {token: number for number, token in enumerate(self.tokens)}

    @staticmethod
    def split(text: str) -> list[str]:
        """A text in tokens: words in small letters, punctuation marks, and ``[MASK]`` and its like."""
        return [token if token[0] == "[" else token.lower() for token in _TOKEN.findall(text)]

    def __getitem__(self, token: str) -> int:
        return self._numbers[token]

    def __contains__(self, token: str) -> bool:
        return token in self._numbers

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's tokens; of those that are not in the vocabulary, that of ``[UNK]``."""
        unknown = self["[UNK]"]
        return [self._numbers.get(token, unknown) for token in self.split(text)]

    def decode(self, numbers: Iterable[int]) -> str:
        """The tokens of these numbers, without padding, as a text."""
        return " ".join(token for token in (self.tokens[int(n)] for n in numbers) if token != "[PAD]")

    def rows(self, texts: Sequence[str], length: int | None = None) -> np.ndarray:
        """Rows of numbers (N, length), ``[CLS] … [SEP] [PAD] …``: as long as the longest, or `length`."""
        encoded = [self.encode(text) for text in texts]
        length = 2 + max(map(len, encoded), default=0) if length is None else length
        rows = np.full((len(texts), length), self["[PAD]"], np.int64)
        for row, numbers in zip(rows, encoded, strict=True):
            framed = [self["[CLS]"], *numbers[: length - 2], self["[SEP]"]]
            row[: len(framed)] = framed
        return rows

"""What could not be carried, in words."""

from __future__ import annotations


class Told:
    """Sentences, each once, in the order in which they came."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}

    def say(self, words: str, count: int = 1) -> None:
        """Something was left out; ``count`` times."""
        self._said[words] = self._said.get(words, 0) + count

    def lines(self) -> list[str]:
        """Everything that was said, with how often if that was more than once."""
        return [f"{words} ({n:,} times)" if n > 1 else words for words, n in self._said.items()]

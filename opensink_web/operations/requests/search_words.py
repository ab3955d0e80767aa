"""The words by which something is found: of a text that is kept, and of what somebody looks for.

Case, accents and width make no difference. Where words are not set apart, as in Chinese, Japanese
and Korean, each pair of characters that follow each other stands for one. A word of a name is found
by its beginning too, from three letters on.
"""

import hmac
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator

PREFIX_LENGTH_MIN = 3
WORD_LENGTH_MAX = 40
"""What is longer is found by its beginning alone."""
TEXT_LENGTH_MAX = 20_000
TOKENS_MAX = 1500
"""Of one text that is kept."""
QUERY_TOKENS_MAX = 30
_TOKEN_BYTES = 8
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(
    "["
    "\u3040-\u30ff\u31f0-\u31ff"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "\u1100-\u11ff\uac00-\ud7af"  # Korean
    "]+"
)


def words_in(text: str) -> Iterator[str]:
    """Yield the words of a text as they are compared, in order, with what is there twice."""
    for run in _WORD.findall(_plain(text[:TEXT_LENGTH_MAX])):
        end = 0
        for unspaced in _UNSPACED.finditer(run):
            if run[end : unspaced.start()]:
                yield run[end : unspaced.start()][:WORD_LENGTH_MAX]
            yield from _pairs(unspaced[0])
            end = unspaced.end()
        if run[end:]:
            yield run[end:][:WORD_LENGTH_MAX]


def words_of(names: Iterable[str], texts: Iterable[str]) -> list[str]:
    """Return by what something is found: the beginnings of words in names, and words in texts.

    Of very many, those of the names and the first of the texts.
    """
    words: dict[str, None] = {}
    for name in names:
        for word in words_in(name):
            words[word] = None
            words.update(dict.fromkeys(word[:end] for end in range(PREFIX_LENGTH_MIN, len(word))))
            words.update(_single(word))
    for text in texts:
        for word in words_in(text):
            words[word] = None
            words.update(_single(word))
    return [*words][:TOKENS_MAX]


def query_words(query: str) -> list[str]:
    """Return the words somebody looks for, each once; all of them have to be there."""
    return list(dict.fromkeys(words_in(query)))[:QUERY_TOKENS_MAX]


def token_of(key: bytes, word: str) -> str:
    """Return what stands for a word in the index of a workspace: letters and digits alone."""
    return hmac.digest(key, word.encode(), "sha256")[:_TOKEN_BYTES].hex()


def filter_token(key: bytes, name: str, value: str) -> str:
    """Return what stands for all that are listed by a value, as `token_of` does; it is no word's.

    No word begins with an underscore, so nobody finds it who looks for words.
    """
    return token_of(key, f"_{name} {value}")


def _single(word: str) -> dict[str, None]:
    """Return the characters of a pair, for somebody may look for one of them."""
    return dict.fromkeys(word) if _UNSPACED.match(word) else {}


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for first, second in itertools.pairwise(run):
        yield first + second


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    # together again, or each Korean syllable would be two or three characters
    return unicodedata.normalize("NFKC", plain)

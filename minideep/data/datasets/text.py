"""A small world in words: sentences that follow rules, for models that are to find them.

A sentence is a template whose slots are filled at random, and rows of the tables below say what goes together. So
there is something to learn at every distance: the verb agrees with its subject (the frog lives, the frogs live), a
pronoun with a name some words before (Anna … she), every tense has its words (yesterday … jumped), each animal has its
home and food, each season its weather, and sums come out right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..dataset import TensorDataset
from .stream import Stream
from .vocabulary import Vocabulary


class Animal(NamedTuple):
    one: str
    many: str
    home: str
    food: str
    move: str
    moves: str
    moved: str


class Person(NamedTuple):
    name: str
    he: str
    him: str
    his: str


class Season(NamedTuple):
    name: str
    weather: str
    feels: str
    wear: str


class Trade(NamedTuple):
    name: str
    place: str
    makes: str
    made: str
    thing: str


def _table(row: Any, text: str) -> list[Any]:
    return [row(*line.split()) for line in text.strip().splitlines()]


ANIMALS = _table(
    Animal,
    """
    frog     frogs     pond     flies   jump   jumps   jumped
    duck     ducks     lake     snails  swim   swims   swam
    fox      foxes     forest   mice    sneak  sneaks  sneaked
    owl      owls      tower    mice    fly    flies   flew
    cow      cows      meadow   grass   walk   walks   walked
    horse    horses    stable   hay     run    runs    ran
    rabbit   rabbits   field    clover  hop    hops    hopped
    bee      bees      garden   nectar  fly    flies   flew
    bear     bears     cave     honey   climb  climbs  climbed
    squirrel squirrels park     nuts    climb  climbs  climbed
    cat      cats      house    fish    sneak  sneaks  sneaked
    hen      hens      yard     corn    run    runs    ran
    """,
)
PEOPLE = _table(
    Person,
    """
    anna  she her her
    ben   he  him his
    clara she her her
    david he  him his
    emma  she her her
    felix he  him his
    """,
)
SEASONS = _table(
    Season,
    """
    spring rain  mild coat
    summer sun   hot  hat
    autumn wind  cool scarf
    winter snow  cold gloves
    """,
)
TRADES = _table(
    Trade,
    """
    baker     bakery   bakes  baked  bread
    painter   studio   paints painted pictures
    tailor    shop     sews   sewed  shirts
    cook      kitchen  cooks  cooked soup
    potter    workshop shapes shaped bowls
    writer    library  writes wrote  stories
    """,
)
NUMBERS = "two three four five six seven eight nine ten".split()
LOOKS = "small big young old brown grey clever quiet".split()

TEMPLATES = [
    "the {a.one} lives in the {a.home} and eats {a.food} .",
    "the {a.many} live in the {a.home} and eat {a.food} .",
    "the {look} {a.one} {a.moves} to the {a.home} because it is hungry for {a.food} .",
    "the {look} {a.many} {a.move} to the {a.home} because they are hungry for {a.food} .",
    "yesterday the {a.one} {a.moved} from the {a.home} to the {b.home} and met the {b.one} .",
    "yesterday {p.name} saw a {look} {a.one} in the {a.home} and {p.he} gave it some {a.food} .",
    "every day {p.name} visits the {a.many} in the {a.home} and brings them {a.food} .",
    "do {a.many} eat {a.food} ? yes , {a.many} love {a.food} .",
    "do {a.many} live in the {b.home} ? no , {b.many} live in the {b.home} .",
    "in {s.name} there is {s.weather} and the air is {s.feels} , so {p.name} puts on {p.his} {s.wear} .",
    "when the {s.weather} came last {s.name} , {p.name} took {p.his} {s.wear} with {p.him} .",
    "the {t.name} works in the {t.place} and {t.makes} {t.thing} .",
    "yesterday the {t.name} {t.made} {t.thing} in the {t.place} , and {p.name} helped all day .",
    "{p.name} wants {t.thing} , so {p.he} goes to the {t.name} in the {t.place} .",
    "{n} and {m} make {sum} .",
    "{p.name} has {n} {a.many} , {p.he} buys {m} more , and now {p.he} has {sum} {a.many} .",
]
_DRAWS = 9  # the choices in a sentence


class Text(TensorDataset):
    """`count` sentences about animals, people, seasons and trades, as rows of numbers of words.

    `sentences` are the texts, `vocabulary` numbers their words, and the only tensor has a row for each sentence,
    ``[CLS] the frog lives … . [SEP] [PAD] [PAD]``. The first sentences of a larger set are those of a smaller one.

    >>> text = Text(1000)
    >>> text.sentences[1]
    'in spring there is rain and the air is mild , so felix puts on his coat .'
    >>> text.vocabulary.decode(text[0][0])
    '[CLS] five and five make ten . [SEP]'
    """

    def __init__(self, count: int = 2000, train: bool = True, seed: int = 0) -> None:
        self.sentences = [_sentence(row) for row in Stream(seed, train).uniform(count, _DRAWS)]
        self.vocabulary = Vocabulary(_all_words())
        self.train = train
        super().__init__(self.vocabulary.rows(self.sentences, 2 + max(map(_length, TEMPLATES))))


def _sentence(drawn: np.ndarray) -> str:
    choices = iter(drawn)

    def one_of(items: Sequence[Any]) -> Any:
        return items[int(next(choices) * len(items))]

    template, a, n, m = one_of(TEMPLATES), one_of(ANIMALS), one_of(range(4)), one_of(range(4))
    slots = {
        "a": a,
        "b": one_of([animal for animal in ANIMALS if animal is not a]),
        "p": one_of(PEOPLE),
        "s": one_of(SEASONS),
        "t": one_of(TRADES),
        "look": one_of(LOOKS),
        "n": NUMBERS[n],
        "m": NUMBERS[m],
        "sum": NUMBERS[n + m + 2],
    }
    return template.format(**slots)


def _length(template: str) -> int:
    return len(template.split())


def _all_words() -> Iterator[str]:
    """Every word that a sentence may have."""
    for template in TEMPLATES:
        yield re.sub(r"{.*?}", "", template)
    for row in (*ANIMALS, *PEOPLE, *SEASONS, *TRADES, NUMBERS, LOOKS):
        yield " ".join(row)

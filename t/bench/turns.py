"""turns.py - runs the sides of a comparison in turns, and computes the results

SPDX-License-Identifier: BSD-2-Clause
"""
import os
import statistics
from dataclasses import dataclass, field

ROUNDS = 3
SECONDS = float(os.environ.get('BENCH_SECONDS', 0.8))  # seconds of a turn that does not end by itself


@dataclass
class Side:
    """The measurements of one side, one in each round."""
    name: str
    values: list = field(default_factory=list)
    ratio: float = 1.0  # ratio to the base: median of the ratios within a round

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def spread(self):
        """(max - min) / median; 0 for a count."""
        return (max(self.values) - min(self.values)) / self.median if self.median else 0.0


@dataclass
class Result:
    """One comparison: the same work in the same minutes."""
    work: str
    unit: str
    base: str
    sides: list
    notes: list = field(default_factory=list)  # notes for the reader

    def side(self, name):
        return next(side for side in self.sides if side.name == name)

    def objects(self):
        """The objects for JSON, one for each side."""
        return [{'work': self.work, 'side': side.name, 'unit': self.unit, 'median': side.median,
                 'min': min(side.values), 'max': max(side.values), 'rounds': len(side.values),
                 'base': self.base, 'ratio': side.ratio} for side in self.sides]


def in_turns(sides, rounds):
    """{name: values}, in the order A B C, C B A, A B C, so that warming up or slowing down affects all of
    them."""
    values = {name: [] for name in sides}
    for number in range(rounds):
        turn = list(sides.items())
        for name, measure in turn[::-1] if number % 2 else turn:
            values[name].append(measure())
    return values


def compare(works, unit, sides, *, base=None, rounds=ROUNDS):
    """
    Let the sides take turns; a Result for each work.

    works  its name; or a list of them, where a side measures several at once: then unit is a list
    sides  {name: function}, which returns a number, or one for each work
    base   the side that the others are compared with; the first unless stated otherwise
    """
    many = not isinstance(works, str)
    base = base or next(iter(sides))
    values = in_turns(sides, rounds)
    return [result(work, one, base,
                   {name: [v[i] if many else v for v in its] for name, its in values.items()})
            for i, (work, one) in enumerate(zip(works, unit) if many else [(works, unit)])]


def result(work, unit, base, values):
    made = Result(work, unit, base, [Side(name, its) for name, its in values.items()])
    for side in made.sides:
        ratios = [a / b for a, b in zip(side.values, values[base]) if b]
        side.ratio = statistics.median(ratios) if ratios else None
    return made

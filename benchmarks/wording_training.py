"""Make `detector/lexicon/wording.tsv`, the learned phrases, and weights for the policy.

`python -m benchmarks.wording_training [--write]` reads the first cases and the tune part of tests/cases/labelled. One
logistic regression over all phrases that at least `LEAST` texts have, and over the signals of the policy: phrases are
drawn to 0, signals to their shipped weights, both by a ridge penalty. The printed figures are cross-fitted: five folds
of whole campaigns, each judged by what the others taught. Needs scipy.
"""

import argparse
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from benchmarks.labelled import ON, brands, first, labelled
from detector.assess import Assessor
from detector.policy import POLICY
from detector.reading import TextIndex
from detector.wording import readable, stretches
from detector.words import WORDS

LEAST = 2  # texts that must have a phrase
PHRASE_RIDGE = 3.0
SIGNAL_RIDGE = 20.0
LEAST_WEIGHT = 0.03  # phrases that weigh less are left out
FOLDS = 5
ALARMS = 0.035  # share of honest texts that may reach a score of 0.5, cross-fitted; the phrases' bias sees to it
LEARNED = ("wording.fraud", "wording.honest")  # judged by the phrases themselves
FILE = Path(__file__).parent.parent / "detector" / "lexicon" / "wording.tsv"
Floats = npt.NDArray[np.float64]


@dataclass
class Rows:
    """The labelled texts as numbers."""

    ids: list[str]
    kinds: list[str]
    groups: list[str]
    fraud: Floats
    phrases: list[set[str]]
    signals: list[dict[str, float]]  # strength by signal


def rows(part: str = "tune") -> Rows:
    """Return phrases and signals of every labelled text in which its brand is found."""
    profiles = brands()
    assessor, index = Assessor(profiles), TextIndex(profiles)
    place = {brand.key: at for at, brand in enumerate(profiles)}
    found = Rows([], [], [], np.zeros(0), [], [])
    answers = []
    cases = [pair for pair in labelled() if pair[0].part == part]
    if part == "tune":
        cases += first()
    for case, item in cases:
        names = index.read(item).names.get(place[case.brand], [])
        if not names:
            continue
        spans = [[hit.span for hit in names if hit.text == at] for at in range(len(item.texts))]
        parts = (readable(text.text, spans[at]) for at, text in enumerate(item.texts))
        verdicts = [verdict for verdict in assessor.assess(item, on=ON) if verdict.brand == case.brand]
        found.ids.append(item.id)
        found.kinds.append(case.kind)
        found.groups.append(case.group)
        answers.append(float(case.fraud))
        found.phrases.append({phrase for text in parts for phrase in stretches(text)})
        evidence = verdicts[0].evidence if verdicts else ()
        found.signals.append({one.signal: one.strength for one in evidence if one.weight and one.signal not in LEARNED})
    found.fraud = np.array(answers)
    return found


def fit(phrases: csr_matrix, signals: Floats, prior: Floats, fraud: Floats) -> tuple[Floats, Floats]:
    """Return the weights of phrases and of signals; the last signal is the bias."""
    count = phrases.shape[1]
    signs = np.sign(prior[:-1])

    def loss(weights: Floats) -> tuple[float, Floats]:
        ours, theirs = weights[:count], weights[count:]
        odds = phrases @ ours + signals @ theirs
        chance = 1 / (1 + np.exp(-np.clip(odds, -35, 35)))
        away = theirs - prior
        away[-1] *= 0.1
        value = (
            np.logaddexp(0, odds).sum()
            - fraud @ odds
            + PHRASE_RIDGE * (ours @ ours) / 2
            + SIGNAL_RIDGE * (away @ away) / 2
        )
        slope = chance - fraud
        return value, np.concatenate([phrases.T @ slope + PHRASE_RIDGE * ours, signals.T @ slope + SIGNAL_RIDGE * away])

    start = np.concatenate([np.zeros(count), prior])
    bounds: list[tuple[float | None, float | None]] = [(None, None)] * count
    bounds += [(0.0, None) if sign > 0 else (None, 0.0) if sign < 0 else (0.0, 0.0) for sign in signs] + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 400}).x
    return found[:count], found[count:]


def table(found: Sequence[set[str]], known: dict[str, int]) -> csr_matrix:
    """Return texts x phrases, 1 where a text has the phrase."""
    places = [(row, known[phrase]) for row, phrases in enumerate(found) for phrase in phrases if phrase in known]
    ones = np.ones(len(places))
    return csr_matrix((ones, tuple(np.array(places).T)), shape=(len(found), len(known)))


# What the lexicons say already is not learned again: a phrase must not speak against the word it is a part of.
KNOWN = "\n".join(f" {word.phrase.lower()} " for word in WORDS)


def vocabulary(found: Sequence[set[str]]) -> dict[str, int]:
    """Return the phrases that enough texts have, with their column."""
    counts = Counter(phrase for phrases in found for phrase in phrases)
    enough = sorted(phrase for phrase, count in counts.items() if count >= LEAST)
    new = [phrase for phrase in enough if len(phrase.strip()) == 1 or phrase not in KNOWN]
    return {phrase: at for at, phrase in enumerate(new)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write {FILE.name}")
    parser.add_argument("--show", type=int, default=0, help="worst mistakes to list")
    options = parser.parse_args()
    found = rows()
    names = [rule.signal for rule in POLICY.rules if rule.signal not in LEARNED]
    prior = np.array([*(POLICY.weights[name] for name in names), POLICY.bias])
    signals = np.array([[*(row.get(name, 0.0) for name in names), 1.0] for row in found.signals])
    fraud = found.fraud
    print(f"{len(fraud)} texts, {int(fraud.sum())} frauds, {len(set(found.groups))} campaigns")
    fold = np.array([hash_of(group) % FOLDS for group in found.groups])
    crossed, before = np.zeros(len(fraud)), signals @ prior
    for number in range(FOLDS):
        train = np.flatnonzero(fold != number)
        known = vocabulary([found.phrases[at] for at in train])
        ours, theirs = fit(table([found.phrases[at] for at in train], known), signals[train], prior, fraud[train])
        rest = np.flatnonzero(fold == number)
        crossed[rest] = table([found.phrases[at] for at in rest], known) @ ours + signals[rest] @ theirs
    for title, odds in (("shipped signals", before), ("with learned phrases", crossed)):
        honest = np.sort(odds[fraud == 0])[::-1]
        shares = [
            f"{(odds[fraud == 1] > honest[int(share * len(honest))]).mean():.3f}" for share in (0.01, 0.02, 0.05, 0.1)
        ]
        at_half = f"{(odds[fraud == 1] > 0).mean():.3f} at {(odds[fraud == 0] > 0).mean():.3f}"
        print(f"{title}: recall at 1, 2, 5, 10 % false alarms {', '.join(shares)}; at score 0.5 {at_half}")
        for level in (0.02, 0.03, 0.05):
            print(f"  log-odds at {level}: {honest[int(level * len(honest))]:.2f}")
    level = float(np.sort(crossed[fraud == 0])[::-1][int(ALARMS * (fraud == 0).sum())])
    order = np.argsort(np.where(fraud == 0, -crossed, 99))[: options.show]
    for at in order:
        print(f"  false alarm {crossed[at]:.2f} {found.kinds[at]} {found.ids[at]}")
    known = vocabulary(found.phrases)
    ours, theirs = fit(table(found.phrases, known), signals, prior, fraud)
    for name, was, now in zip([*names, "bias"], prior, theirs, strict=True):
        print(f"  {name:24} {was:6.2f} -> {now:6.2f}")
    kept = [(phrase, weight) for phrase, weight in zip(known, ours, strict=True) if abs(weight) >= LEAST_WEIGHT]
    print(f"{len(kept)} of {len(known)} phrases kept")
    if options.write:
        title = (
            "# Phrases and their log-odds, made by `python -m benchmarks.wording_training`; first that of every text."
        )
        bias = theirs[-1] - POLICY.bias - level
        lines = [title, f"\t{bias:.2f}", *(f"{phrase}\t{weight:.2f}" for phrase, weight in kept)]
        FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def hash_of(text: str) -> int:
    """Return the same number for the same text in every run."""
    return zlib.crc32(text.encode()) // 7


if __name__ == "__main__":
    main()

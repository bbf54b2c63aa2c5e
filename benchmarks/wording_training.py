"""Make `detector/lexicon/wording.tsv` and `setting.tsv`, the learned phrases and marks, and weights for the policy.

`python -m benchmarks.wording_training [--write]` reads the first cases and the tune part of tests/cases/labelled. One
logistic regression over all phrases and marks that at least `LEAST` texts have, and over the signals of the policy:
phrases are drawn to 0, signals to their shipped weights, both by a ridge penalty. A phrase is drawn the less, the more
unlike its shares of frauds and of honest texts are (Wang and Manning 2012, "Baselines and Bigrams", log-count ratios).
The printed figures are cross-fitted: five folds of whole campaigns, each judged by what the others taught. Needs scipy.
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
from scipy.sparse import csr_matrix, diags

from benchmarks.labelled import ON, brands, first, labelled
from detector.assess import Assessor
from detector.policy import POLICY
from detector.setting import marks
from detector.signals import SIGNALS
from detector.view import worded
from detector.wording import readable, stretches
from detector.words import WORDS

LEAST = 2  # texts that must have a phrase
PHRASE_RIDGE = 1.0
SIGNAL_RIDGE = 5.0
MOST_MARK = 1.5  # log-odds that one mark may have: where a text is shown must not decide
LEAST_WEIGHT = 0.03  # phrases that weigh less are left out
FOLDS = 5
ALARMS = 0.02  # share of honest texts that may reach a score of 0.5, cross-fitted; the phrases' bias sees to it
# Judged by the phrases and marks themselves.
LEARNED = ("wording.fraud", "wording.honest", "setting.fraud", "setting.honest")
MARK = "\ue003"  # before a mark among the phrases
LEXICON = Path(__file__).parent.parent / "detector" / "lexicon"
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
    """Return phrases, marks and signals of every labelled text in which its brand is found."""
    assessor = Assessor(brands())
    found = Rows([], [], [], np.zeros(0), [], [])
    answers = []
    cases = [pair for pair in labelled() if pair[0].part == part]
    if part == "tune":
        cases += first()
    for case, item in cases:
        view = next((view for view in assessor.views(item, on=ON) if view.brand.key == case.brand), None)
        if view is None or not view.names:
            continue
        parts = (readable(text, spans) for text, spans in zip(*worded(item, view.names), strict=True))
        found.ids.append(item.id)
        found.kinds.append(case.kind)
        found.groups.append(case.group)
        answers.append(float(case.fraud))
        read = {phrase for text in parts for phrase in stretches(text)}
        found.phrases.append(read.union(MARK + mark for mark, _ in marks(item, view.brand, view.foreign_places)))
        found.signals.append(
            {
                signal.name: max(finding.strength for finding in findings)
                for signal in SIGNALS
                if signal.name not in LEARNED and (findings := list(signal.look(view)))
            }
        )
    found.fraud = np.array(answers)
    return found


def fit(phrases: csr_matrix, most: Floats, signals: Floats, prior: Floats, fraud: Floats) -> tuple[Floats, Floats]:
    """Return the weights of phrases, each at most `most`, and of signals; the last signal is the bias."""
    count = phrases.shape[1]
    signs = np.sign(prior[:-1])
    ratios = _ratios(phrases, fraud)
    scaled = phrases @ diags(ratios)

    def loss(weights: Floats) -> tuple[float, Floats]:
        ours, theirs = weights[:count], weights[count:]
        odds = scaled @ ours + signals @ theirs
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
        return value, np.concatenate([scaled.T @ slope + PHRASE_RIDGE * ours, signals.T @ slope + SIGNAL_RIDGE * away])

    start = np.concatenate([np.zeros(count), prior])
    limits = most / np.maximum(ratios, 1e-9)
    bounds: list[tuple[float | None, float | None]] = list(zip(-limits, limits, strict=True))
    bounds += [(0.0, None) if sign > 0 else (None, 0.0) if sign < 0 else (0.0, 0.0) for sign in signs] + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 400}).x
    return found[:count] * ratios, found[count:]


def _ratios(phrases: csr_matrix, fraud: Floats) -> Floats:
    """Return each phrase's log-ratio of its shares among the phrases of frauds and of honest texts."""
    shares = []
    for kind in (1.0, 0.0):
        counts = 1 + np.asarray(phrases[fraud == kind].sum(axis=0)).ravel()
        shares.append(counts / counts.sum())
    ratios: Floats = np.abs(np.log(shares[0] / shares[1]))
    return ratios


def table(found: Sequence[set[str]], known: dict[str, int]) -> csr_matrix:
    """Return texts x phrases, 1 where a text has the phrase."""
    places = [(row, known[phrase]) for row, phrases in enumerate(found) for phrase in phrases if phrase in known]
    ones = np.ones(len(places))
    return csr_matrix((ones, tuple(np.array(places).T)), shape=(len(found), len(known)))


# What the lexicons say already is not learned again: a phrase must not speak against the word it is a part of.
KNOWN = "\n".join(f" {word.phrase.lower()} " for word in WORDS)


def limits(known: dict[str, int]) -> Floats:
    """Return the most that each phrase may weigh."""
    return np.array([MOST_MARK if phrase.startswith(MARK) else np.inf for phrase in known])


def vocabulary(found: Sequence[set[str]]) -> dict[str, int]:
    """Return the phrases that enough texts have, with their column."""
    counts = Counter(phrase for phrases in found for phrase in phrases)
    enough = sorted(phrase for phrase, count in counts.items() if count >= LEAST)
    new = [phrase for phrase in enough if len(phrase.strip()) == 1 or phrase not in KNOWN]
    return {phrase: at for at, phrase in enumerate(new)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the two files")
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
        ours, theirs = fit(
            table([found.phrases[at] for at in train], known), limits(known), signals[train], prior, fraud[train]
        )
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
    ours, theirs = fit(table(found.phrases, known), limits(known), signals, prior, fraud)
    for name, was, now in zip([*names, "bias"], prior, theirs, strict=True):
        print(f"  {name:24} {was:6.2f} -> {now:6.2f}")
    kept = [(phrase, weight) for phrase, weight in zip(known, ours, strict=True) if abs(weight) >= LEAST_WEIGHT]
    print(f"{len(kept)} of {len(known)} phrases kept")
    if options.write:
        bias = theirs[-1] - POLICY.bias - level
        _write("wording.tsv", "Phrases", [("", bias), *(pair for pair in kept if not pair[0].startswith(MARK))])
        _write("setting.tsv", "Marks", [(name[1:], weight) for name, weight in kept if name.startswith(MARK)])


def _write(name: str, what: str, weights: Sequence[tuple[str, float]]) -> None:
    title = (
        f"# {what} and their log-odds, made by `python -m benchmarks.wording_training`; an empty one is in every text."
    )
    lines = [title, *(f"{phrase}\t{weight:.2f}" for phrase, weight in weights)]
    (LEXICON / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def hash_of(text: str) -> int:
    """Return the same number for the same text in every run."""
    return zlib.crc32(text.encode()) // 7


if __name__ == "__main__":
    main()

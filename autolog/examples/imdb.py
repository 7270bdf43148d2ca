"""Tells kind film reviews from unkind ones, by two bidirectional LSTM layers, and logs itself into MLflow.

The task and the model are those of Keras's example "Bidirectional LSTM on IMDB". The reviews are made up here, in the
same shape, so that nothing is downloaded: lists of word numbers below 20,000, the most frequent words first, cut and
padded to 200 words. Some words are kind and some unkind, and a review uses more of the sort that it is.
"""

from __future__ import annotations

import argparse

import keras
import numpy as np
from keras import layers

import autolog

autolog.autolog()

START, FIRST_WORD = 1, 3
"""As in Keras's data: 0 is padding, and 2 is a word that is none of the 20,000."""
KIND, UNKIND = slice(100, 300), slice(300, 500)
"""Places of the words that have a feeling among the words by frequency."""
FELT, CLEAR = 0.12, 0.85
"""The share of a review's words that have a feeling, and the share of those that have the review's own."""


def made_up_reviews(count: int, words: int, length: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Word numbers, int32 of shape (count, length), and for each review 1 if it is kind, of shape (count,).

    Args:
        count: how many reviews.
        words: how many words there are, 504 or more.
        length: how many words a review is cut and padded to.
        seed: the same seed gives the same reviews.
    """
    chance = np.random.default_rng(seed)
    language = np.arange(FIRST_WORD, words)
    # As in a language, the n-th word is used about 1/n times as often as the first.
    frequency = 1 / np.arange(1, len(language) + 1)
    frequency /= frequency.sum()

    is_kind = chance.integers(0, 2, count)
    reviews = []
    for kind in is_kind:
        size = int(chance.integers(length // 4, 2 * length))
        text = chance.choice(language, size, p=frequency)
        own, other = (KIND, UNKIND) if kind else (UNKIND, KIND)
        felt = np.where(
            chance.random(size) < CLEAR, chance.choice(language[own], size), chance.choice(language[other], size)
        )
        reviews.append([START, *np.where(chance.random(size) < FELT, felt, text)])
    return keras.utils.pad_sequences(reviews, maxlen=length), is_kind


def model_of(words: int, units: int) -> keras.Model:
    """From word numbers, of any length, to the probability that the review is kind."""
    inputs = keras.Input(shape=(None,), dtype="int32")
    hidden = layers.Embedding(words, 2 * units)(inputs)
    hidden = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(hidden)
    hidden = layers.Bidirectional(layers.LSTM(units))(hidden)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(hidden), name="imdb")


def main() -> None:
    options = argparse.ArgumentParser(
        description="Train on made-up film reviews.", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    options.add_argument("--reviews", type=int, default=2000, help="to train on; a fourth as many to validate and test")
    options.add_argument("--words", type=int, default=20_000, help="how many words there are")
    options.add_argument("--length", type=int, default=200, help="words in a review")
    options.add_argument("--units", type=int, default=32, help="of each LSTM; Keras's example has 64")
    options.add_argument("--epochs", type=int, default=5, help="how often to go through the reviews")
    chosen = options.parse_args()

    keras.utils.set_random_seed(1)
    some = chosen.reviews // 4
    x, y = made_up_reviews(chosen.reviews + 2 * some, chosen.words, chosen.length, seed=1)
    train, validation, test = np.split(np.arange(len(x)), [chosen.reviews, chosen.reviews + some])

    model = model_of(chosen.words, chosen.units)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.summary()
    model.fit(x[train], y[train], batch_size=32, epochs=chosen.epochs, validation_data=(x[validation], y[validation]))
    model.evaluate(x[test], y[test])


if __name__ == "__main__":
    main()

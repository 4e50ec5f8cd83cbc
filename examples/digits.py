"""A small network learns to read scikit-learn's handwritten digits, written out with the pieces of the library."""

import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.data import DataLoader, StandardScaler, load_digits, train_test_split
from tinygrad_edu.training import accuracy_score, confusion_matrix, fit, predict

SMALL = {"epochs": 3}  # what the tests run


def as_text(image: np.ndarray) -> str:
    """An 8 x 8 image in letters, the darker the fuller."""
    return "\n".join("".join(" .:-=+*#@"[int(grey) // 2] * 2 for grey in row) for row in image.reshape(8, 8))


def main(epochs: int = 30, seed: int = 0) -> None:
    """Train, print how the loss fell, the confusion matrix and one mistake."""
    nn.manual_seed(seed)
    images, labels = load_digits()
    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, stratify=labels, rng=seed)
    scaler = StandardScaler(shared=True).fit(images[train])  # statistics of the training part alone
    X = scaler.transform(images).astype(np.float32)

    model = nn.Sequential(
        nn.Linear(64, 64, dtype=np.float32),
        nn.ReLU(),
        nn.Linear(64, 10, dtype=np.float32),
    )
    history = fit(
        model,
        nn.CrossEntropyLoss(),
        optim.Adam(model.parameters(), lr=2e-3),
        DataLoader((X[train], labels[train]), batch_size=32, rng=seed),
        epochs,
        validation=(X[test], labels[test]),
        measures={"accuracy": lambda y, outputs: accuracy_score(y, outputs.argmax(1))},
    )
    for epoch in (0, epochs // 2, epochs - 1):
        print(f"epoch {epoch + 1:>2}: loss {history['loss'][epoch]:.4f}, accuracy {history['accuracy'][epoch]:.2%}")

    answers = predict(model, X[test]).argmax(1)
    print("\nrows: the digit it is, columns: the digit it is taken for")
    print(confusion_matrix(labels[test], answers, 10))
    for wrong in np.flatnonzero(answers != labels[test])[:1]:
        print(f"\na {labels[test][wrong]} taken for a {answers[wrong]}:\n{as_text(images[test][wrong])}")


if __name__ == "__main__":
    main()

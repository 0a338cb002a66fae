"""Train one U-net on the cardiac training fields and score it once on the held-out test field.

The recipe is fixed beforehand: nothing is chosen by the test field, not even the threshold (0.5).
About twelve minutes on two cores:

    python examples/studies/cardiac_unet.py
"""

import argparse
import time

from verdict import PIXEL_METRICS, REGION_METRICS

from emstellar import UNetSegmenter
from emstellar.datasets import fetch_cardiac


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=float, default=0.25, help="factor of all filter counts")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="cardiac_unet.emstellar", help="file of the segmenter")
    options = parser.parse_args()

    train, test = fetch_cardiac(subset="train"), fetch_cardiac(subset="test")
    segmenter = UNetSegmenter(
        width=options.width,
        epochs=options.epochs,
        # Rectified Adam warms up over thousands of steps, of which a short training has 800.
        optimizer="adam",
        learning_rate=options.learning_rate,
        test_time_augmentation=True,
        random_state=options.seed,
        verbose=1,
    )
    start = time.perf_counter()
    segmenter.fit(train.data, train.target)
    segmenter.save(options.out)
    minutes = (time.perf_counter() - start) / 60
    probabilities = segmenter.predict_proba(test.data)
    print(
        f"{segmenter.model_.count_params():,} parameters, {options.epochs} epochs "
        f"in {minutes:.1f} minutes"
    )
    for name, metric in (PIXEL_METRICS | REGION_METRICS).items():
        print(f"{name:12s} {metric(test.target, probabilities):.4f}")


if __name__ == "__main__":
    main()

"""The command ``emstellar``: it parses, calls and prints."""

import argparse
import shutil
import sys
from functools import partial
from pathlib import Path

from . import __version__
from .closed_output import output_may_be_closed
from .files import check_writable

CONFIG_HELP = """a TOML file of these options and of methods of your own; what is given here goes
over it"""
MAPS_HELP = """write maps of the foreground, not masks; of more than two classes, a folder of maps
for each"""


class _CommandParser(argparse.ArgumentParser):
    """A parser of a command that gets its options when it is used.

    They are declared beside what they mean, and that loads libraries which other commands and the
    list of all commands do without.
    """

    add_options = None

    def parse_known_args(self, args=None, namespace=None):
        """Parse, with all options."""
        if self.add_options is not None:
            add, self.add_options = self.add_options, None
            add(self)
        return super().parse_known_args(args, namespace)


def main(arguments=None):
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        Those of the process by default.

    Returns
    -------
    int
        0; 1 after an error that the user can mend, or where a report leaves something out because
        it is damaged; 130 after an interruption.
    """
    parsed, code = build_parser().parse_args(arguments), 0
    try:
        with output_may_be_closed():
            code = parsed.run(parsed)
    except KeyboardInterrupt as interrupt:
        _complain("interrupted. " + " ".join(getattr(interrupt, "__notes__", ())))
        return 130
    except (ValueError, TypeError, OSError, ImportError) as error:
        if parsed.traceback:
            raise
        _complain(f"error: {error}")
        return 1
    return code or 0


def _complain(text):
    print(f"emstellar: {text}", file=sys.stderr)


def build_parser():
    """Return the parser of all commands.

    Returns
    -------
    argparse.ArgumentParser
    """
    parser = argparse.ArgumentParser(
        prog="emstellar",
        description="Segment electron-microscopy images, and find out which network is best.",
    )
    parser.add_argument("--version", action="version", version=f"emstellar {__version__}")
    parser.add_argument(
        "--traceback", action="store_true", help="show where in the code an error comes from"
    )
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", parser_class=_CommandParser
    )
    for add in (_add_demo, _add_benchmark, _add_report, _add_score, _add_segment):
        add(commands)
    networks = _add(commands, "networks", _networks, "list the networks and what they cost")
    networks.add_argument("--size", type=int, default=512, help="of the image (%(default)s)")
    _add(commands, "doctor", _doctor, "show versions, devices and where data is kept")
    return parser


def _add(commands, name, run, text, **options):
    description = text[0].upper() + text[1:] + "."
    parser = commands.add_parser(name, help=text, description=description, **options)
    parser.set_defaults(run=run)
    return parser


def _add_demo(commands):
    text = "benchmark three networks, a random forest and two ensembles on synthetic images"
    parser = _add(commands, "demo", _demo, text)
    parser.add_argument("--out", default="emstellar-demo", help="folder of the results")
    parser.add_argument("--jobs", type=int, default=2, help="jobs at once (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="random state (%(default)s)")


def _add_benchmark(commands):
    text = "compare methods on your images or a data set"
    parser = _add(commands, "benchmark", _benchmark, text)
    parser.add_argument("--config", metavar="FILE", help=CONFIG_HELP)
    # Only what is given: all else is for the file of --config and the defaults of the settings.
    parser.add_options = _add_settings


def _add_settings(parser, names=None):
    """Add options of the settings: to choose from, with their defaults, or all, without."""
    from .studies import Settings
    from .studies._options import add_options

    add_options(parser, Settings, names, with_defaults=names is not None)


def _add_report(commands):
    parser = _add(commands, "report", _report, "write tables, figures and the page of a store")
    parser.add_argument("store", help="the folder given to --store")
    parser.add_argument("--out", default="emstellar-report", help="folder of the results")
    parser.add_options = partial(_add_settings, names=["colors", "price_per_hour", "watts"])


def _add_score(commands):
    parser = _add(commands, "score", _score, "score masks or probability maps of several methods")
    parser.add_argument("predictions", help="folder with one folder of masks or maps per method")
    parser.add_argument("truth", help="folder of the true masks")
    parser.add_argument("--images", help="folder of the images, for overlays")
    parser.add_argument(
        "--groups", metavar="REGEX", help="finds the group (field, stack) in a mask's name"
    )
    parser.add_argument("--metrics", nargs="+", metavar="NAME", help="the nine of the paper")
    parser.add_argument(
        "--threshold", type=float, default=0.5, help="of the foreground (%(default)s)"
    )
    parser.add_argument(
        "--foreground",
        type=_value_or_nonzero,
        metavar="VALUE",
        help="of the true masks, where they have more than two; nonzero for all but 0",
    )
    parser.add_argument(
        "--maximum", type=float, metavar="VALUE", help="that stands for 1 in maps, such as 4095"
    )
    parser.add_argument(
        "--pair-by",
        metavar="REGEX",
        help="finds in a name what files are matched by (what varies in the names)",
    )
    parser.add_argument("--jobs", type=int, default=1, help="methods at once (%(default)s)")
    parser.add_argument("--out", default="emstellar-scores", help="folder of the results")
    parser.add_options = partial(_add_settings, names=["colors"])


def _value_or_nonzero(text):
    return text if text == "nonzero" else float(text)


def _add_segment(commands):
    parser = _add(commands, "segment", _segment, "segment images with a saved segmenter")
    parser.add_argument("segmenter", help="file that segmenter.save() wrote")
    parser.add_argument("images", help="file or folder")
    parser.add_argument("--probabilities", action="store_true", help=MAPS_HELP)
    parser.add_argument("--out", default="emstellar-masks", help="folder of the results")


def _demo(parsed):
    from .benchmarking import benchmark
    from .studies import demo_methods, make_synthetic_study

    check_writable(parsed.out)
    study = make_synthetic_study(random_state=parsed.seed)
    result = benchmark(
        demo_methods(), **study.arguments(), n_jobs=parsed.jobs, random_state=parsed.seed
    )
    _finish(result, parsed.out, f"emstellar demo: {study.title}")


def _benchmark(parsed):
    from .benchmarking import benchmark
    from .studies import make_settings

    settings = make_settings(vars(parsed), parsed.config)
    check_writable(settings.out)
    study, methods = settings.load_study(), settings.make_methods()
    result = benchmark(methods, **study.arguments(), **settings.run_options())
    _finish(result, settings.out, study.title, **settings.page_options())


def _report(parsed):
    from .benchmarking import BenchmarkResult

    result = BenchmarkResult.load(parsed.store)
    if result.damage and not result.subsets:
        raise ValueError(f"no job of {parsed.store} can be read: {_say_damage(result)}")
    check_writable(parsed.out)
    _finish(
        result,
        parsed.out,
        "Benchmark of segmenters",
        colors=parsed.colors,
        price_per_hour=parsed.price_per_hour,
        watts=parsed.watts,
    )
    if not result.damage:
        return 0
    _complain(f"the report is of what could be read: {_say_damage(result)}")
    return 1


def _say_damage(result):
    return (
        f"{'; '.join(result.damage)}. The same call of benchmark on this store computes anew what "
        "is missing, and nothing else."
    )


def _score(parsed):
    from .benchmarking import score_folders

    check_writable(parsed.out)
    result = score_folders(
        parsed.predictions,
        parsed.truth,
        images=parsed.images,
        groups=parsed.groups,
        threshold=parsed.threshold,
        foreground=parsed.foreground,
        maximum=parsed.maximum,
        pair_by=parsed.pair_by,
        n_jobs=parsed.jobs,
        **({"scoring": parsed.metrics} if parsed.metrics else {}),
    )
    print(result.data.description)
    _finish(result, parsed.out, "Scores of probability maps", colors=parsed.colors)


def _segment(parsed):
    from rich.progress import track

    from .input_warnings import inputs_were_judged
    from .io import read_images, write_images
    from .segmenters import load

    segmenter = load(parsed.segmenter)
    images, names = read_images(parsed.images)
    check_writable(parsed.out)
    predict = segmenter.predict_proba if parsed.probabilities else segmenter.predict
    _judge_range(segmenter, images, parsed.images)
    with inputs_were_judged():
        for image, name in zip(track(images, "segmenting"), names, strict=True):
            (mask,) = predict(image[None])
            if parsed.probabilities:
                _write_maps(parsed.out, mask, name, segmenter.classes_)
            else:
                write_images(parsed.out, [mask], [name])
    print(f"Wrote {len(names)} files to {parsed.out}")


def _write_maps(out, probabilities, name, classes):
    """Write the map of the foreground or, of more than two classes, each into its own folder."""
    from .io import write_images

    if len(classes) <= 2:
        write_images(out, [probabilities[..., -1]], [name])
        return
    for i, label in enumerate(classes):
        write_images(Path(out) / f"class-{label}", [probabilities[..., i]], [name])


def _judge_range(segmenter, images, where):
    """Warn once of images in another range than the training images, not at each image."""
    from .validation import check_images

    seen = getattr(segmenter, "image_range_", None)
    if seen is not None and getattr(segmenter, "normalization", None) != "image":
        images = check_images(list(images))
        seen.warn_of_others(images, name=type(segmenter).__name__, where=where)


def _networks(parsed):
    from .studies import network_table

    _print_table(network_table(parsed.size), f"For one image of {parsed.size} x {parsed.size}")


def _doctor(parsed):
    from .benchmarking.environment import diagnose

    for name, value in diagnose().items():
        print(f"{name:16} {value}")


def _finish(result, out, title, **page):
    """Write everything to a folder; print the summary and where things are."""
    from .report import write_folder

    for subset in result.subsets:
        _print_table(_format_summary(result.summary(subset=subset)), f"{subset} images")
    for name, path in write_folder(result, out, title=title, **page).items():
        print(f"{name:9} {path}")


def _format_summary(summary):
    """Return a summary as text: means, with the spread over folds where there is one."""
    import pandas as pd

    def text(mean, spread):
        return f"{mean:.5f}" if pd.isna(spread) else f"{mean:.4f} ± {spread:.4f}"

    metrics = list(dict.fromkeys(summary.columns.get_level_values("metric")))
    columns = {
        metric: [text(*row) for row in summary[metric][["mean", "std_folds"]].to_numpy()]
        for metric in metrics
    }
    return pd.DataFrame(columns, index=pd.Index(summary.index, name=None))


def _print_table(frame, title):
    """Print a table in as many blocks of columns as the terminal's width asks for."""
    width = shutil.get_terminal_size().columns
    print(f"\n{title}\n{frame.to_string(line_width=width)}\n")


if __name__ == "__main__":
    sys.exit(main())

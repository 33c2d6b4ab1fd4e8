"""Times the loss and its gradient, without an optimizer step, over many sizes, one line each."""

import itertools

import worker

UNITS = [32, 100, 256, 512, 1024]
BATCHES = [16, 128, 1024]
TIMES = [25, 100, 500]

GATES = {"gru": 3, "ugrnn": 2, "lstm": 4}

COLUMNS = {
    "cell": 5,
    "n": 5,
    "b": 5,
    "t": 4,
    "attractor ms": 12,
    "JAX ms": 10,
    "ratio": 6,
    "round by round": 14,
    "GF/s": 7,
    "JAX variant": 0,
}


def all_points():
    return list(itertools.product(UNITS, BATCHES, TIMES))


def gflop(cell, n, b, t, i):
    """Floating-point operations (10^9) of the weight products: one forward, two backward."""
    return 3 * 2 * GATES[cell] * n * (n + i) * b * t / 1e9


def compare(binary, python, args):
    points = [(cell, *point) for cell in args.cells for point in args.points or all_points()]
    skipped = [p for p in points if gflop(*p, args.inputs) > args.limit_gflop]
    header(args.markdown)
    with worker.attractor(binary) as ours, worker.jax(python) as theirs:
        for point in points:
            if point not in skipped:
                work = ("gradient", *point, args.inputs)
                pairs = [("gradient", "gradient")]
                rounds = args.rounds, args.seconds
                [times], variant = worker.side_by_side(ours, theirs, work, *rounds, pairs)
                speed = gflop(*point, args.inputs) / times.ours * 1e3
                figures = f"{times.ours:.2f}", f"{times.theirs:.2f}", f"{times.ratio:.2f}"
                row([*point, *figures, times.range, f"{speed:.1f}", variant], args.markdown)
    if skipped:
        print(f"\nskipped, more than {args.limit_gflop:g} GFLOP (--limit-gflop):")
        for cell, n, b, t in skipped:
            print(f"- {cell} n {n} b {b} t {t}: {gflop(cell, n, b, t, args.inputs):.0f} GFLOP")


def header(markdown):
    row(COLUMNS, markdown)
    if markdown:
        row(["---" if name in ("cell", "JAX variant") else "--:" for name in COLUMNS], markdown)


def row(cells, markdown):
    if markdown:
        print("|", " | ".join(map(str, cells)), "|", flush=True)
    else:
        widths = COLUMNS.values()
        print("  ".join(f"{c!s:{'>' if w else ''}{w or ''}}" for c, w in zip(cells, widths)), flush=True)

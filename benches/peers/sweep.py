"""Times the loss and its gradient, without an optimizer step, over many sizes, one line each."""

import itertools

import worker

UNITS = [32, 100, 256, 512, 1024]
BATCHES = [16, 128, 1024]
TIMES = [25, 100, 500]

GATES = {"gru": 3, "lstm": 4}

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
    "JAX's way": 0,
}


def every_point():
    return list(itertools.product(UNITS, BATCHES, TIMES))


def gflop(cell, n, b, t, i):
    """Floating-point operations (10^9) of the weight products: one forward, two backward."""
    return 3 * 2 * GATES[cell] * n * (n + i) * b * t / 1e9


def compare(binary, python, asked):
    points = [(cell, *point) for cell in asked.cells for point in asked.points or every_point()]
    heavy = [p for p in points if gflop(*p, asked.inputs) > asked.limit_gflop]
    header(asked.markdown)
    with worker.attractor(binary) as ours, worker.jax(python) as theirs:
        for point in points:
            if point not in heavy:
                work = ("gradient", *point, asked.inputs)
                pairs = [("gradient", "gradient")]
                rounds = asked.rounds, asked.seconds
                [times], way = worker.side_by_side(ours, theirs, work, *rounds, pairs)
                speed = gflop(*point, asked.inputs) / times.ours * 1e3
                figures = f"{times.ours:.2f}", f"{times.theirs:.2f}", f"{times.ratio:.2f}"
                row([*point, *figures, times.range, f"{speed:.1f}", way], asked.markdown)
    if heavy:
        print(f"\nskipped, more than {asked.limit_gflop:g} GFLOP (--limit-gflop):")
        for cell, n, b, t in heavy:
            print(f"- {cell} n {n} b {b} t {t}: {gflop(cell, n, b, t, asked.inputs):.0f} GFLOP")


def header(markdown):
    row(COLUMNS, markdown)
    if markdown:
        row(["---" if name in ("cell", "JAX's way") else "--:" for name in COLUMNS], markdown)


def row(cells, markdown):
    if markdown:
        print("|", " | ".join(map(str, cells)), "|", flush=True)
    else:
        widths = COLUMNS.values()
        print("  ".join(f"{c!s:{'>' if w else ''}{w or ''}}" for c, w in zip(cells, widths)), flush=True)

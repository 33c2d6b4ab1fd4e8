"""Checks that `attractor` reads the files of `file_kit.py` and the PyTorch files of torch_kit/ with
the expected values, or refuses them with the expected message.

    python -P file_check.py FOLDER [ATTRACTOR]     FOLDER as for file_kit.py; needs no packages

ATTRACTOR is the program, by default target/debug/attractor. The options and messages of the PyTorch
files are those in tests/it/weights/pytorch_files.rs. Each line is one check: ok; partly (some entries are
left out, with a message); refused, with the message; or WRONG, with the difference. The exit code
is 1 if a line is WRONG.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = Path(sys.argv[1]).resolve()
DEFAULT = HERE.parent.parent / "target/debug/attractor"
PROGRAM = sys.argv[2] if len(sys.argv) > 2 else str(DEFAULT)
# f32 rounds at each of 6 steps; PyTorch computed in f64.
TOLERANCE = 2e-6
QUOTED = r'"((?:[^"\\]|\\.)*)"'


def difference(found, expected):
    """How the value that was read differs from the expected one; None if they agree."""
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return f"{str(found)[:80]}, expected {len(expected)} items"
        return next(filter(None, map(difference, found, expected)), None)
    if isinstance(expected, dict):
        fields = found if isinstance(found, dict) else {}
        pairs = ((fields.get(name, "absent"), value) for name, value in expected.items())
        return next(filter(None, (difference(*pair) for pair in pairs)), None)
    number = isinstance(expected, (int, float)) and not isinstance(expected, bool)
    if number and isinstance(found, (int, float)):
        same = abs(found - expected) <= 1e-6 * abs(expected)
    else:
        same = type(found) is type(expected) and found == expected
    return None if same else f"{str(found)[:80]!r}, expected {str(expected)[:80]!r}"


def run(script):
    path = FOLDER / "check.rhai"
    path.write_text(script)
    command = [PROGRAM, "run", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def check_hdf5(name, expected):
    code, out, errors = run(f'print("@" + json::text(h5::read("{FOLDER / name}")));')
    is_refused = lambda value: isinstance(value, dict) and "refused" in value
    refused = {path: value["refused"] for path, value in expected.items() if is_refused(value)}
    for path, words in refused.items():
        if words not in out + errors:
            return "WRONG", f"{path}: no message with {words!r}: {(out + errors)[:200]}"
    if "" in refused:
        return ("refused" if code == 1 else "WRONG"), errors.splitlines()[0]
    lines = out.splitlines()
    line = next((line for line in lines if line.startswith("@")), None)
    if line is None:
        return "WRONG", errors[:300]
    for path in expected.keys() - refused.keys():
        found = json.loads(line[1:])
        for part in path.split("/"):
            found = found.get(part, "absent") if isinstance(found, dict) else "absent"
        wrong = difference(found, expected[path])
        if wrong:
            return "WRONG", f"{path}: {wrong}"
    if refused:
        return "partly", next(line for line in lines if not line.startswith("@"))
    return "ok", f"{len(expected)} entries"


def torch_rows():
    """The script of pytorch_files.rs, and the rows (file, options, message) of its tables."""
    source = (HERE.parent / "it/weights/pytorch_files.rs").read_text()
    script = re.search(r'const SCRIPT: &str = r#"(.*?)"#;', source, re.S)[1]
    begin, end = source.index("const VALID_FILES"), source.index("const REJECTED_FILES")
    loaded = re.findall(rf"\(\s*{QUOTED},\s*{QUOTED},\s*(?:true|false),?\s*\)", source[begin:end])
    refused = re.findall(rf"\(\s*{QUOTED},\s*{QUOTED},\s*{QUOTED},?\s*\)", source[end:])
    rows = [(name, options, None) for name, options in loaded] + refused
    unquote = lambda text: text and text.replace('\\"', '"')
    return script, [tuple(map(unquote, row)) for row in rows]


def check_torch(script, name, options, words):
    text = script.replace("KIT", str(HERE / "torch_kit")).replace("NAME", name)
    text = text.replace("OPTIONS", options).rstrip()
    code, out, errors = run(text.removesuffix("distance") + "print(distance);")
    if words is not None:
        first = errors.splitlines()[0] if errors else "no message"
        return ("refused" if code == 1 and words in errors else "WRONG"), first
    last = out.splitlines()[-1] if out else "nothing"
    sound = code == 0 and float(last) <= TOLERANCE
    return ("ok", f"distance {last}") if sound else ("WRONG", out + errors)


counts, names = Counter(), set()


def report(kind, name, options, outcome):
    result, words = outcome
    names.add(name)
    counts[kind, result] += 1
    print(f"{result:8} {kind:9} {name:32} {options} {words}", flush=True)


for kind, name, expected in json.loads((FOLDER / "expected.json").read_text()):
    report(kind, name, "", check_hdf5(name, expected))
script, rows = torch_rows()
for name, options, words in rows:
    report("PyTorch", name, options, check_torch(script, name, options, words))
print(f"{len(names)} files, {sum(counts.values())} checks")
for (kind, result), count in sorted(counts.items()):
    print(f"{kind:9} {result:8} {count}")
sys.exit(any(result == "WRONG" for _, result in counts))

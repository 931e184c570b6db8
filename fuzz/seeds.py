"""Makes the bytes of tests/golden the first inputs of the targets that read them: seeds.py DIRECTORY"""

import pathlib
import sys

GOLDEN = pathlib.Path(__file__).parent.parent / "tests" / "golden"
KINDS = (
    "tenant item location position reservation transfer keys source clock stream letter events job"
)


def read(path):
    lines = path.read_text().splitlines()
    return bytes.fromhex("".join(line for line in lines if not line.startswith("#")))


def write(target, path, data):
    directory = pathlib.Path(sys.argv[1]) / target / "seeds"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / path.stem).write_bytes(data)


for path in GOLDEN.glob("frame-*.hex"):
    write("frame", path, read(path))
for path in GOLDEN.glob("checkpoint-*.hex"):
    write("checkpoint", path, read(path))
for path in GOLDEN.glob("records-v1/*.hex"):
    write("record", path, read(path))
for path in GOLDEN.glob("checkpoint-v1/*.hex"):
    kind = KINDS.split().index(path.stem.split("-")[0]) + 1
    write("entry", path, bytes([kind]) + read(path))

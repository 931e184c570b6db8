"""What a client of Onhand knows and a description cannot say."""

import json
import uuid

import schemathesis
from schemathesis import GenerationMode

# Rows of a file, one JSON object per line.
@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return (value if isinstance(value, str) else json.dumps(value)).encode()


# Words that only the server gives out; made-up ones are tried in negative tests.
GIVEN_OUT = ("cursor", "after")


def is_positive(case):
    return case.meta is None or case.meta.generation.mode == GenerationMode.POSITIVE


@schemathesis.hook
def before_call(context, case, kwargs):
    if not is_positive(case):
        return
    for name in GIVEN_OUT:
        if case.query:
            case.query.pop(name, None)
    if case.headers:
        case.headers.pop("Last-Event-ID", None)
        # A key belongs to one command.
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = str(uuid.uuid4())

"""What schemathesis doesn't know of itself: how a body of lines of JSON is sent."""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(_context, value):
    return value.encode() if isinstance(value, str) else str(value).encode()

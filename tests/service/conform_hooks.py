"""What schemathesis loads beside the document, for `tests.service.conform`."""

from typing import Any
from zlib import crc32

import schemathesis


@schemathesis.hook
def map_body(context: Any, body: Any) -> Any:
    """Two of three bodies are examples of the document: what a schema allows is seldom a problem.

    Without them no job would ever be there for the requests that follow a submission.
    """
    raw = context.operation.definition.raw
    media = raw.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [item["value"] for item in media.get("examples", {}).values()]
    number = crc32(repr(body).encode())
    return examples[number // 3 % len(examples)] if examples and number % 3 else body

"""python -m cloudmetrics.gates.verifying: what Pact's verifier finds, in a process of its own.

It writes to the terminal what nobody can silence, and its library replaces Python's import. Standard input
is JSON: `url` and `states` are addresses, `headers` go with every request, `pacts` is a folder, or `broker`
tells `url`, `token` and the `version` that is verified. Its results are written to the file `results`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
from pact import Verifier

# In milliseconds.
PATIENCE = 30_000


def main() -> None:
    told = orjson.loads(sys.stdin.buffer.read())
    verifier = (
        Verifier(told["provider"], host="127.0.0.1")
        .add_transport(url=told["url"])
        .state_handler(told["states"], body=True)
        .add_custom_headers(told["headers"])
        .set_request_timeout(PATIENCE)
    )
    if "broker" in told:
        from_broker(verifier, told["broker"])
    else:
        verifier.add_source(told["pacts"])
    try:
        verifier.verify()
        failed = ""
    except RuntimeError as error:
        failed = str(error)
    Path(told["results"]).write_bytes(orjson.dumps({"failed": failed, **verifier.results}))


def from_broker(verifier: Verifier, broker: dict[str, Any]) -> None:
    """What was just published, and what is deployed or released anywhere; results go back to the broker."""
    verifier.set_publish_options(broker["version"], branch=broker["branch"])
    sources = verifier.broker_source(broker["url"], token=broker["token"], selector=True, use_env=False)
    sources.consumer_version(branch=broker["branch"]).consumer_version(deployed_or_released=True).build()


if __name__ == "__main__":
    main()

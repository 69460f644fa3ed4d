"""Our engine: requests and responses validated as the contract says."""

from bench.peers.data import CONTRACT
from cloudmetrics.contract import Contract, serve

app = serve(Contract.load(CONTRACT), handlers="bench.peers.handlers")

"""Makes the SDKs in generated_sdks/ from the contract; knows nothing of the server.

    python -m cloudmetrics.sdks

`description` says in terms of no language what the contract offers: resources, methods, parameters,
answers. A module or folder per language writes it down in that language, into a folder `generated`
of which no file is written by hand.
"""

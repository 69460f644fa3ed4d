"""Questions: any metrics, by any dimensions, under any filters, each from the cheapest rollup that is exact.

reading.py     from a body to a question, with everything that is wrong with it
planner.py     from a question to a plan: which rollup tells what
sources.py     how each rollup, and the events, are read
composing.py   from plans to one statement
"""

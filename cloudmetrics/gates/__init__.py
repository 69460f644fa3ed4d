"""The contract's gates: whether a change of spec/ may pass, and if not, where, why and what mends it.

    python -m cloudmetrics.gates            all gates, as a table
    python -m cloudmetrics.gates lint       one of them
    python -m cloudmetrics.gates --list     what each one is for

A gate is a function from a Project, a folder with a contract in it, to its findings.
Gates know nothing of each other, and so run side by side.
"""

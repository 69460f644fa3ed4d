"""python -m cloudmetrics: the commands behind make."""

from cloudmetrics.cli import main

raise SystemExit(main())

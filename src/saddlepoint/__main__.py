"""`python -m saddlepoint` is `saddle`."""

from saddlepoint.cli.main import main

main()

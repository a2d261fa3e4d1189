"""`python -m agent.cli`: how the processes of one server start each other."""

from agent.cli.main import main

main()

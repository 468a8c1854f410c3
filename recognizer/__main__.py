from recognizer.cli import main
from shared.terminal import run_command

raise SystemExit(run_command(main))

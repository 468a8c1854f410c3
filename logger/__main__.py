from logger.cli import main
from shared.terminal import run_command

if __name__ == "__main__":
    raise SystemExit(run_command(main))

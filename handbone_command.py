"""The entry of the command ``handbone``.

It stands outside of the package so that the package can tell by it whether a command runs: then
``import handbone`` leaves the registries alone until the command reads a config.
"""

#: Whether this process runs the command. Its child processes only import this module.
running = False


def main(arguments: list[str] | None = None) -> None:
    """Run the command.

    Args:
        arguments: Words of the command line after the program; ``sys.argv`` by default.
    """
    global running
    running = True
    from handbone.cli.command import main as run

    run(arguments)


if __name__ == '__main__':
    # under its own name, by which the package finds it
    from handbone_command import main as run_command

    run_command()

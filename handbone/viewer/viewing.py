"""Open data and serve the page."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from handbone.datasets.formats.class_choice import ClassChoice
from handbone.extras import import_extra

from .model_process import named_model
from .sources import Extras, open_sources


def view(
    sources: Sequence[str | Path],
    *,
    source_format: str | None = None,
    images: str | Path | None = None,
    choice: ClassChoice | None = None,
    host: str = '127.0.0.1',
    port: int = 8421,
    names: tuple[str, ...] = (),
    extras: Extras | None = None,
    models: Sequence[Sequence[str]] = (),
    device: str | None = None,
    open_browser: bool = True,
) -> None:
    """Serve a page with images, their labels and predictions until the user interrupts.

    Args:
        sources: Labelled data of any format, folders of images, work dirs of trainings, and CSV
            files of masks.
        source_format: Format of the data; None finds it out.
        images: Folder of the images; None looks where the format has them.
        choice: Which classes are read.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        names: Further names under which others reach this machine.
        extras: What is shown beside them: a table of patients, findings of the doctor, corrected
            labels, and where marks are kept.
        models: What predicts while the page is open: configs, each with its checkpoint or work
            dir, and exported files.
        device: Where they predict; None takes a GPU where there is one.
        open_browser: Open the page in a browser, where there is one.

    Raises:
        HandboneError: Something cannot be read, does not fit the rest, or the port is taken.
        OSError: The file that leads a browser to a page with a token cannot be written.
        MissingExtraError: The packages of the server are not installed.

    Example:
        >>> view(['data/phantom/test', 'submission.csv'], open_browser=False)
        http://localhost:8421/
    """
    import_extra('uvicorn', 'view')
    import_extra('starlette', 'view')
    from .application import Application
    from .server import opened_page, prepare

    paths = [Path(source) for source in sources]
    folder = None if images is None else Path(images)
    named = [named_model(words, device) for words in models]
    session, notes = open_sources(paths, source_format, folder, choice, extras, named, device)
    for note in notes:
        print(f'note: {note}')
    server = prepare(Application(session).app(), host, port, names)
    print(f'{server.address}   (end with Ctrl+C)', flush=True)
    with contextlib.ExitStack() as stack:
        stack.callback(session.close)
        if open_browser:
            stack.enter_context(opened_page(server.address))
        session.start()
        # the interrupt is how a user ends it
        with contextlib.suppress(KeyboardInterrupt):
            server.run()

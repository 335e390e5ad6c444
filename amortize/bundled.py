"""Where checkpoints lie: those that came with the package, or a folder the user names."""

import json
from pathlib import Path
from typing import Any

from amortize.errors import DataError, listing, quoted

CARD = "card.json"


def bundled_folder() -> Path:
    """Where the checkpoints lie: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "checkpoints"
    return inside if inside.is_dir() else package.parent / "checkpoints"


def bundled_names() -> list[str]:
    """Names of the checkpoints that came with the package."""
    folder = bundled_folder()
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if (path / CARD).is_file())


def resolve(name_or_path: str | Path | None = None) -> Path:
    """The folder of a checkpoint, without reading it.

    Raises:
        DataError: there is no such checkpoint; the message lists the bundled names.
    """
    names = bundled_names()
    known = f"bundled are: {listing(names)}" if names else "none is bundled"
    if name_or_path is None:
        marker = bundled_folder() / "default.txt"
        if not marker.is_file():
            raise DataError(f"no default checkpoint is installed ({known}); give --checkpoint")
        name_or_path = marker.read_text(encoding="utf-8").strip()
    if str(name_or_path) in names:
        return bundled_folder() / str(name_or_path)
    path = Path(name_or_path)
    if path.is_dir():
        if (path / CARD).is_file():
            return path.resolve()
        raise DataError(f"the folder {quoted(path)} holds no checkpoint (no {CARD}); {known}")
    raise DataError(f"there is no checkpoint {quoted(name_or_path)}; {known}, or give a folder")


def read_card(folder: Path) -> dict[str, Any]:
    """What the checkpoint says of itself, without its parameters.

    Raises:
        DataError: the card is damaged.
    """
    try:
        return json.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"the card of {quoted(folder)} cannot be read ({error})") from error

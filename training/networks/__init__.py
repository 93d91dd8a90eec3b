"""One short file per network; a recipe names the one it wants."""

from expressions import EXPRESSIONS
from recipe import Network

from .mien import Mien


def build(settings: Network) -> Mien:
    if settings.name != "mien":
        raise ValueError(f"no network is called {settings.name!r}; there is: mien")
    return Mien(settings.width, settings.late, settings.dropout, len(EXPRESSIONS))

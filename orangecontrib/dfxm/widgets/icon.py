"""Where the icons lie."""

from importlib.resources import files


def icon_path(name: str) -> str:
    """Absolute path of an icon.

    Relative paths do not do: in an editable installation the icons do not lie beside the widgets.

    Parameters
    ----------
    name : str
        File name, such as ``"roi.svg"``.
    """
    return str(files("orangecontrib.dfxm.icons") / name)

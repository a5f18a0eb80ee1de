"""Units of parameters, motors and maps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """Unit of a step parameter, written in its annotation: ``Annotated[float, Unit("deg")]``.

    Parameters
    ----------
    symbol : str
        As shown to the user: ``"deg"``, ``"px"``, ``"counts"`` ...
    """

    symbol: str


#: Units of lengths.
LENGTHS = frozenset({"m", "mm", "um", "nm"})
LENGTH_MOTORS = frozenset(
    {"diffty", "difftz", "samx", "samy", "samz", "smx", "smy", "smz", "obx", "oby", "obz", "mainx"}
    | {"ffx", "ffy", "ffz", "nfx", "nfy", "nfz", "hxx", "hxy", "hxz"}
)
ANGLE_MOTORS = frozenset(
    {"mu", "chi", "phi", "omega", "eta", "theta", "two_theta", "ccmth", "htth", "obpitch", "obyaw"}
    | {"diffrx", "diffry", "diffrz", "samrx", "samry", "samrz", "hxpitch", "hxroll", "hxyaw", "ffpitch"}
)


def motor_unit(name: str) -> str:
    """Unit in which the ESRF dark-field microscopes record a motor.

    Parameters
    ----------
    name : str
        Mnemonic of the motor.

    Returns
    -------
    str
        ``"deg"`` or ``"mm"``; ``""`` for a motor that is not known.
    """
    if name in ANGLE_MOTORS:
        return "deg"
    return "mm" if name in LENGTH_MOTORS else ""

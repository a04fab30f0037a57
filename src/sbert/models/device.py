"""Where a model computes."""

from __future__ import annotations


class Device(str):
    """The name of a device, with the parts that scripts read of a ``torch.device``.

    >>> Device("cuda:1").type, Device("cuda:1").index, Device("cpu").index
    ('cuda', 1, None)
    """

    __slots__ = ()

    @property
    def type(self) -> str:
        """The kind of device: ``cpu``, ``cuda`` ..."""
        return self.partition(":")[0]

    @property
    def index(self) -> int | None:  # type: ignore[override]  # str's method of that name is of no use here
        """Which of several; None where the name does not say."""
        number = self.partition(":")[2]
        return int(number) if number else None

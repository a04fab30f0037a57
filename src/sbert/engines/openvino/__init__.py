"""The engine that needs no torch: checkpoints lowered to OpenVINO graphs."""

from .engine import OpenVINOEngine
from .lowering import why_not

__all__ = ["OpenVINOEngine", "why_not"]

"""The engine that needs no torch: checkpoints lowered to OpenVINO graphs."""

from .engine import OpenVINOEngine
from .int8 import kept_fidelity
from .lowering import why_not

__all__ = ["OpenVINOEngine", "kept_fidelity", "why_not"]

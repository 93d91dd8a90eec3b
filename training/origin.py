"""Where a run was made: the machine and the commit, for its report."""

import os
import platform
import subprocess
from pathlib import Path

import torch


def machine(device: str) -> str:
    """The processor, how much of it is used, and PyTorch's version."""
    if torch.device(device).type == "cuda":
        kind = torch.cuda.get_device_name(device)
    else:
        kind = f"{processor()}, {torch.get_num_threads()} of {os.cpu_count()} cores"
    return f"{kind}, PyTorch {torch.__version__}"


def processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def commit() -> str:
    """The short name of the checked-out commit, or why there is none."""
    here = Path(__file__).parent
    command = ["git", "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]
    try:
        return subprocess.run(
            command, cwd=here, check=True, capture_output=True, text=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown: no git checkout"

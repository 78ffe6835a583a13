"""The process that compiles a graph: SOURCE TARGET PRODUCTS THREADS PARENT. It ends with its training."""

import os
import sys
import threading
import time
from pathlib import Path

import torch

from saddlepoint.engine.packages import OPTIONS, digest_of
from saddlepoint.engine.products import by_onednn


def build(source: Path, target: Path, products: str, threads: int) -> None:
    """Compile an exported graph to TARGET.pt2; its checksum is written last, so that half a package is none."""
    torch.set_num_threads(threads)
    program = torch.export.load(source)
    if products == "onednn":
        by_onednn(program.graph_module)
    part = target.with_suffix(f".{os.getpid()}.pt2")
    try:
        known = torch._inductor.config.get_config_copy()
        options = {name: value for name, value in OPTIONS.items() if name in known}
        torch._inductor.aoti_compile_and_package(program, package_path=str(part), inductor_configs=options)
        checksum = part.with_suffix(".sha256")
        checksum.write_text(digest_of(part))
        part.replace(target.with_suffix(".pt2"))
        checksum.replace(target.with_suffix(".sha256"))
    finally:
        part.unlink(missing_ok=True)


def end_with(parent: int, source: Path) -> None:
    """End this process as soon as another one is not its parent any more, and leave nothing of its own."""
    while os.getppid() == parent:
        time.sleep(0.5)
    for file in source.parent.glob(f"*.{parent}.*"):
        file.unlink(missing_ok=True)
    for file in source.parent.glob(f"*.{os.getpid()}.*"):
        file.unlink(missing_ok=True)
    os._exit(1)


def main() -> None:
    """Compile what the command line names."""
    source, target, products, threads, parent = sys.argv[1:]
    if hasattr(os, "nice"):
        os.nice(10)
    threading.Thread(target=end_with, args=(int(parent), Path(source)), daemon=True).start()
    try:
        build(Path(source), Path(target), products, int(threads))
    finally:
        Path(source).unlink(missing_ok=True)


if __name__ == "__main__":
    main()

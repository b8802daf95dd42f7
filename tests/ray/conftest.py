"""A real cluster: several nodes of Ray on this machine, reached over loopback alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SHELF = '''
"""A store that is no disk: files go in and out whole, and are reached by name alone. While it has a
file called `slow`, it does not say that it has what was sent."""
import os
import time
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem


class Shelf(DirFileSystem):
    protocol = "shelf"

    def __init__(self, **more):
        super().__init__(path=os.environ["SHELF"], fs=LocalFileSystem(auto_mkdir=True))

    def put_file(self, *some, **more):
        super().put_file(*some, **more)
        while os.path.exists(os.path.join(os.environ["SHELF"], "slow")):
            time.sleep(0.02)

    @classmethod
    def _strip_protocol(cls, path):
        return path.removeprefix("shelf://").strip("/")
'''


class Nodes:
    """A head without cores, and nodes of one core each."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        # Not 127.0.0.1, which Ray takes for the machine's address on its network.
        small = {"object_store_memory": 80 * 2**20, "node_ip_address": "127.0.0.2"}
        self._small = small
        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
        self.nodes = [self.added(), self.added()]

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def added(self) -> Any:
        return self._cluster.add_node(num_cpus=1, **self._small)

    def lose(self, node: Any) -> None:
        """The machine is gone, and nobody was told."""
        self._cluster.remove_node(node, allow_graceful=False)

    def close(self) -> None:
        self._cluster.shutdown()

    def workers(self, node: Any) -> list[int]:
        """Processes of a node that work on files, as the system names them."""
        raylet = node.all_processes["raylet"][0].process.pid
        return [pid for pid in children(raylet) if "ray::Hand" in commandline(pid)]


def children(pid: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(status.parent.name))
    return found


def commandline(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def until(true: Callable[[], object], seconds: float = 100) -> None:
    """Wait for it, and fail if it doesn't come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder behind addresses that begin with shelf://, for every process of the cluster."""
    code, folder = tmp_path_factory.mktemp("code"), tmp_path_factory.mktemp("shelf")
    (code / "shelf.py").write_text(SHELF)
    (code / "shelf-1.dist-info").mkdir()
    (code / "shelf-1.dist-info" / "METADATA").write_text("Name: shelf\nVersion: 1\n")
    (code / "shelf-1.dist-info" / "entry_points.txt").write_text(
        "[fsspec.specs]\nshelf = shelf.Shelf\n"
    )
    os.environ["PYTHONPATH"] = str(code)
    os.environ["SHELF"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def cluster(shelf: Path) -> Iterator[Nodes]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    nodes = Nodes()
    yield nodes
    nodes.close()

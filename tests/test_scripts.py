"""``./run`` and ``./test`` on machines that lack something: one clear line, no traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("config", "shop", "orders", "suppliers", "support", "notifications", "demo", "docs", "static", "templates")


@pytest.fixture
def clone(tmp_path):
    """A copy of what the scripts read before anything is installed."""
    for name in ("run", "test", "scripts", "requirements.txt", "requirements-dev.txt", "demo"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    return tmp_path


def fake_python(folder: Path, *, is_new: bool, has_venv: bool = True) -> None:
    """Put a Python into ``folder`` that is too old, or lacks its venv module."""
    new_enough = "exit 0" if is_new else "exit 1"
    venv = "exit 0" if has_venv else "exit 1"
    script = f'#!/bin/sh\ncase "$2" in *version_info*) {new_enough};; *"import venv"*) {venv};; esac\nexit 1\n'
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python"):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)


def start(clone: Path, bin_folder: Path, script: str = "run", **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script from another folder, with only the given Python on the path."""
    path = f"{bin_folder}:/usr/bin:/bin"
    return subprocess.run(
        [str(clone / script)],
        cwd="/",
        env={"PATH": path, "HOME": str(clone)} | env,
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.parametrize("script", ["run", "test"])
def test_a_python_that_is_too_old(clone, tmp_path, script):
    folder = tmp_path / "bin"
    folder.mkdir()
    fake_python(folder, is_new=False)
    done = start(clone, folder, script)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Python 3.11 or newer is needed" in done.stderr


def test_a_python_without_its_venv_module(clone, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    fake_python(folder, is_new=True, has_venv=False)
    done = start(clone, folder)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_network_when_packages_are_to_be_installed(clone, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    done = start(
        clone, folder, WAYBILL_PYTHON=sys.executable, PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="0",
        PIP_CONFIG_FILE=os.devnull, PIP_NO_CACHE_DIR="1", PIP_TIMEOUT="2",
    )  # fmt: skip
    assert done.returncode == 1
    assert "The packages could not be installed" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_in_use():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "demo.house"],
            cwd=ROOT,
            env=os.environ | {"PORT": port},
            capture_output=True,
            text=True,
            timeout=200,
        )
    assert done.returncode == 1
    assert done.stderr == f"Port {port} is in use. Stop what listens there, or choose another: PORT=8010 ./run\n"


@pytest.mark.parametrize("port", ["x", "0", "99999", "-1"])
def test_a_port_that_is_none(port):
    done = subprocess.run(
        [sys.executable, "-m", "demo.house"],
        cwd=ROOT,
        env=os.environ | {"PORT": port},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 1
    assert "must be a number such as 8000" in done.stderr


@pytest.fixture
def project(tmp_path):
    """A copy of the whole project with few goods, so that the developer's own demo is left alone."""
    for name in PARTS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "manage.py", tmp_path)
    for slug in ("harbour", "meridian", "kestrel"):
        path = tmp_path / "demo" / "catalogue" / f"{slug}.json"
        catalogue = json.loads(path.read_text())
        catalogue["items"] = catalogue["items"][:2]
        path.write_text(json.dumps(catalogue))
    return tmp_path


def open_and_close(project: Path, port: int, log: Path) -> str:
    """Bring the demo up, look at it, stop it with two ctrl-c, and return what it said."""
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    with log.open("w") as out:
        house = subprocess.Popen(
            [sys.executable, "-m", "demo.house"], cwd=project, env=clean | {"PORT": str(port)}, stdout=out, stderr=out
        )
        deadline = time.monotonic() + 400
        while "ctrl-c stops everything" not in log.read_text():
            assert house.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        page = requests.get(f"http://127.0.0.1:{port}/", timeout=10).text
        assert "Just in" in page
        assert "Arrives" in page
        # Twice, as people do who are in a hurry.
        house.send_signal(signal.SIGINT)
        time.sleep(0.1)
        house.send_signal(signal.SIGINT)
        assert house.wait(timeout=30) == 0
    return log.read_text()


@pytest.mark.journey
@pytest.mark.timeout(1000)
def test_the_demo_comes_up_twice_keeps_its_data_and_leaves_no_process_behind(project):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    first = open_and_close(project, port, project / "first.log")
    second = open_and_close(project, port, project / "second.log")
    assert "Traceback" not in first + second
    assert "items with pictures" in first
    assert "items with pictures" not in second
    left = subprocess.run(["pgrep", "-f", f"{project}/"], capture_output=True, text=True).stdout.split()
    assert left == []
    # Its own port, and those it takes for suppliers and payments.
    assert not any(is_listening(port + offset) for offset in (0, 11, 31, 51, 71))


def is_listening(port: int) -> bool:
    """True if someone takes connections on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0

"""``./run`` and ``./test`` on machines that lack something: one clear line, no traceback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


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
        timeout=60,
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
            timeout=60,
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
        timeout=60,
    )
    assert done.returncode == 1
    assert "must be a number such as 8000" in done.stderr

# Sourced by ./run and ./test: a virtual environment with the pinned packages, made once.
# Sets PYTHON. One clear line, and exit 1, when something is in the way.

fail() { echo "$1" >&2; exit 1; }

find_python() {
  local candidate
  for candidate in "${WAYBILL_PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

# $1: requirements file
prepare_environment() {
  local wanted base
  wanted="$(cat "$ROOT"/requirements*.txt | cksum | tr -d ' ')-$1"
  PYTHON="$ROOT/.venv/bin/python"
  if [ -x "$PYTHON" ] && "$PYTHON" -c '' >/dev/null 2>&1; then
    [ "$(cat "$ROOT/.venv/.ready" 2>/dev/null)" = "$wanted" ] && return 0
    # What is there for the tests has all that the shop needs.
    [ "$1" = requirements.txt ] && [ "$(cat "$ROOT/.venv/.ready" 2>/dev/null)" = "${wanted%-*}-requirements-dev.txt" ] && return 0
  else
    base="$(find_python)" || fail "Python 3.11 or newer is needed. Install it, or name it: WAYBILL_PYTHON=/path/to/python3.11 $0"
    "$base" -c 'import venv, ensurepip' >/dev/null 2>&1 ||
      fail "This Python has no venv module. On Debian and Ubuntu: apt install python3-venv"
    echo "Making a virtual environment ..."
    rm -rf "$ROOT/.venv"
    "$base" -m venv "$ROOT/.venv" >/dev/null || fail "The virtual environment could not be made in $ROOT/.venv."
  fi
  echo "Installing packages (once) ..."
  "$PYTHON" -m pip install --quiet --disable-pip-version-check -r "$ROOT/$1" >"$ROOT/.venv/install.log" 2>&1 ||
    fail "The packages could not be installed: $(grep -m1 -i -E 'no matching|could not|error|failed' "$ROOT/.venv/install.log" | cut -c1-160). Is the network there? All of it: .venv/install.log"
  echo "$wanted" >"$ROOT/.venv/.ready"
}

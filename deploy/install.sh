#!/bin/sh
# Makes .venv anew: the locked packages by their hashes, then Smelt itself, editable. Run by `make`.
set -eu
cd "$(dirname "$0")/.."

find_python() {
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "Smelt needs Python 3.11 or newer, and there is none on PATH." >&2
    return 1
}

install_by_uv() {
    uv venv --quiet --no-project --python "$1" .venv &&
        uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock &&
        uv pip install --quiet --python .venv/bin/python --no-build-isolation --no-deps --editable .
}

install_by_pip() {
    if ! "$1" -m venv .venv; then
        echo "Python's venv module does not work here (on Debian: install python3-venv)." >&2
        return 1
    fi
    set -- .venv/bin/python -m pip --disable-pip-version-check install --quiet
    "$@" --require-hashes -r requirements.lock &&
        "$@" --no-build-isolation --no-deps --editable .
}

python=$(find_python)
echo "Installing into .venv ($("$python" --version)); the first time takes a minute or two."
rm -rf .venv
if command -v uv >/dev/null 2>&1; then
    install_by_uv "$python" && exit
    # uv doesn't read pip's settings, which may name the only index that can be reached from here.
    echo "uv could not install; trying pip." >&2
    rm -rf .venv
fi
install_by_pip "$python"

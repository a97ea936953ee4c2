#!/bin/sh
# Fetches the servers that packages bring: moto into $1, s3rver and Azurite into $1/node, nginx into $1/debian without its
# service, PgBouncer by apt-get for root.
set -eu
there=$1
here=$(dirname "$0")
rm -rf "$there"
.venv/bin/python -m venv "$there"
"$there/bin/pip" --disable-pip-version-check install --quiet --require-hashes -r "$here/requirements.lock"
if command -v npm >/dev/null; then
    mkdir "$there/node"
    cp "$here/package.json" "$here/package-lock.json" "$there/node"
    npm ci --prefix "$there/node" --ignore-scripts --no-audit --no-fund --loglevel=error
else
    echo "npm isn't installed: without s3rver and Azurite"
fi
if ! command -v pgbouncer >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends pgbouncer >/dev/null 2>&1; }
    install || { apt-get update -qq >/dev/null 2>&1 && install; } || echo "pgbouncer could not be installed"
fi
if ! command -v nginx >/dev/null && command -v apt-get >/dev/null; then
    mkdir "$there/debian"
    (cd "$there/debian" && apt-get -qq download nginx 2>/dev/null && dpkg -x nginx_*.deb .) || echo "nginx could not be had"
fi

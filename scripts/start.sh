#!/bin/sh
# `npm start`: installs if needed, then becomes `postern up --demo` (exec, so that a signal to it stops everything).
set -eu
cd "$(dirname "$0")/.."
sh scripts/install.sh
export POSTERN_DATA_DIR="${POSTERN_DATA_DIR:-$PWD/.postern}"
export PATH="$PWD/node_modules/.bin:$PATH"
exec node_modules/.bin/node apps/cli/bin/postern.js up --demo "$@"

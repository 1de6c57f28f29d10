#!/bin/sh
# Installs the npm packages when they are missing or older than the lock file; says nothing when there is nothing to do.
set -eu
cd "$(dirname "$0")/.."
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "Installing packages..." >&2
  # Not `npm ci`: a registry that does not carry every platform's optional packages would make it refuse the lock file.
  npm install --no-save --loglevel=error
  touch node_modules/.package-lock.json
fi
if [ ! -x node_modules/.bin/node ]; then
  # The one script that .npmrc lets run: it fetches Node for this machine.
  npm rebuild node --ignore-scripts=false --loglevel=error >/dev/null
fi

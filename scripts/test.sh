#!/bin/sh
# `npm test`: installs what the tests need, then runs the check and every test.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install.sh
export PATH="$PWD/node_modules/.bin:$PATH"

# Programs that tests speak to, and the Debian package each comes from. Without the second few, a few tests are skipped.
install_missing() {
  missing=""
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Debian packages:$missing" >&2
    apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null \
      || echo "Could not install$missing." >&2
  else
    echo "Not installable here (no root, or no apt-get):$missing." >&2
  fi
}
install_missing curl:curl openssl:openssl
install_missing tmux:tmux zsh:zsh fish:fish mandoc:mandoc
install_missing pebble:pebble pebble-challtestsrv:pebble named:bind9 nsupdate:bind9-dnsutils
node scripts/missing-programs.ts

sh scripts/check.sh
report="$(mktemp)"
trap 'rm -f "$report"' EXIT
status=0
vitest run --reporter=default --reporter=json --outputFile.json="$report" "$@" || status=$?
node scripts/print-test-counts.ts "$report"
exit "$status"

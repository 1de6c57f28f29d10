#!/bin/sh
# `npm run test:long [-- PART...]`: the tests that draw their cases, with more and other cases than `npm test`.
# Parts: admission, http1, http2, edge, api; all of them unless named.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install.sh
export PATH="$PWD/node_modules/.bin:$PATH"
export POSTERN_FUZZ_SEED=random

[ $# -gt 0 ] || set -- admission http1 http2 edge api
for part in "$@"; do
  echo "test:long: $part" >&2
  case "$part" in
    admission) npm run --silent fuzz:admission ;;
    http1) npm run --silent fuzz:http1 ;;
    http2) npm run --silent fuzz:http2 ;;
    edge) POSTERN_FUZZ_HANDSHAKES=1000 POSTERN_TEST_HANDSHAKES=1000 POSTERN_FUZZ_EDGE_MUTATIONS=200000 vitest run apps/edge/src/http/smuggling-mutations.test.ts apps/edge/src/explained-as-served.test.ts apps/edge/src/overload.test.ts ;;
    api) POSTERN_FUZZ_REQUESTS=20000 vitest run apps/api/src/fuzz.test.ts ;;
    *)
      echo "test:long: no part \"$part\"; the parts are admission, http1, http2, edge, api" >&2
      exit 2
      ;;
  esac
done

#!/bin/sh
# `npm run check`: format, lint, types, architecture, generated files fresh, nothing unused.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install.sh
export PATH="$PWD/node_modules/.bin:$PATH"
biome ci --error-on-warnings .
tsc --noEmit
node scripts/generate.ts --check
knip --no-progress
vitest run --silent=passed-only test/architecture

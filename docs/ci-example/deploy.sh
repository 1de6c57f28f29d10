#!/bin/sh
# deploy.sh check|deploy FOLDER SELECTOR
# check says what would change, deploy changes it. Needs postern on the PATH, and POSTERN_URL and POSTERN_TOKEN.
set -eu
mode=$1 folder=$2 selector=$3

# 3 when a file is wrong; every error is printed with its line.
postern validate -f "$folder"

# 0 when nothing differs, 1 when something does; anything above 1 is a failure.
status=0
postern diff -f "$folder" --prune -l "$selector" || status=$?
if [ "$status" -gt 1 ]; then exit "$status"; fi
if [ "$mode" = check ]; then exit 0; fi

# Everything is checked before the first write; --yes, since nobody is there to confirm what --prune deletes.
postern apply -f "$folder" --prune -l "$selector" --yes --timeout 2m

# What was applied is what is there: 1 here means that somebody else is writing too.
postern diff -f "$folder" --prune -l "$selector"

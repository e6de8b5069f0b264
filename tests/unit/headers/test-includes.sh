#!/usr/bin/env bash
# Sources include only what their folder may: dependencies point down. TAP. Usage: test-includes.sh SOURCE-ROOT
set -uo pipefail
cd "$1" || exit 1
all=(base messaging relay sfu signaling server)

n=0
failed=0
report() { # NAME FAULTS: not ok when there are any
  n=$((n + 1))
  if [ -n "$2" ]; then
    failed=1
    sed 's/^/# /' <<<"$2"
    echo "not ok $n $1"
  else
    echo "ok $n $1"
  fi
}

# FOLDER ALLOWED...: its quoted includes that are not from an allowed folder (or generated: NAME-resource.h)
check_folder() {
  local folder=$1 allowed
  shift
  allowed=$(IFS='|'; echo "$*")
  report "includes of $folder" "$(grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$folder" |
    grep -vE ":[[:space:]]*#[[:space:]]*include[[:space:]]*\"(($allowed)(/[a-z0-9_]+)*/[a-z0-9_-]+|[a-z0-9-]+-resource)\.h\"")"
}

echo "1..9"
check_folder base base
check_folder messaging messaging base
check_folder relay relay base
check_folder sfu sfu base
check_folder signaling signaling messaging relay sfu base
check_folder server server signaling messaging relay sfu base
report "no include of ../" "$(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]\.\.?/' --include='*.[ch]' \
  "${all[@]}" tests --exclude-dir=node_modules)"
report "licence in every source" "$(grep -rL 'SPDX-License-Identifier: Apache-2.0' --include='*.[ch]' "${all[@]}" \
  tests --exclude-dir=node_modules)"
report "#pragma once in every header" "$(grep -rL '^#pragma once' --include='*.h' "${all[@]}" tests \
  --exclude-dir=node_modules)"
exit "$failed"

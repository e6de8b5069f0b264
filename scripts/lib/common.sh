# Shared by the scripts: steps that say what they do, builds that are skipped when nothing changed.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"

step() { printf '==> %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# configure DIR MESON-ARGUMENTS...: sets the build folder up once, again when the arguments changed
configure() {
  local dir=$1 stamp=$1/.arguments
  shift
  if [ ! -f "$dir/build.ninja" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$*" ]; then
    rm -rf "$dir"
    meson setup "$dir" "$@" >"$dir.log" 2>&1 || { cat "$dir.log"; rm -rf "$dir"; fail "meson setup $dir"; }
    mv "$dir.log" "$dir/setup.log"
    printf '%s' "$*" >"$stamp"
  fi
}

# compile DIR [TARGET...]: builds quietly, all when no target is named; shows the tail of the log when it fails
compile() {
  ninja -C "$1" "${@:2}" >"$1/build.log" 2>&1 || { tail -n 60 "$1/build.log"; fail "the build in $1 failed"; }
}

# npm_install FOLDER: npm ci, only when the lock file changed
npm_install() {
  local stamp=$1/node_modules/.lock-sum sum
  sum=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" = "$sum" ] && return
  (cd "$1" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error) || fail "npm ci in $1"
  printf '%s' "$sum" >"$stamp"
}

# web_build: bundles the client into web/dist when a source is newer than the bundle
web_build() {
  npm_install web
  if [ ! -f web/dist/index.html ] || [ -n "$(find web -path web/node_modules -prune -o -path web/dist -prune -o \
      -path web/test -prune -o -type f -newer web/dist/index.html -print -quit)" ]; then
    (cd web && node build.mjs) || fail "the web client does not build"
  fi
}

# use_node: the tests need Node.js 20; where the system's is older (Debian 12 has 18, enough for the web client's build) the
# one pinned in scripts/node comes first in PATH
use_node() {
  [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ] || return 0
  npm_install scripts/node
  PATH=$(echo "$top"/scripts/node/node_modules/node-linux-*/bin):$PATH
  # Debian's npm finds its modules through Debian's Node.js alone
  export PATH NODE_PATH=/usr/share/nodejs:/usr/lib/nodejs
  step "Node.js $(node --version)"
}

#!/bin/sh
# Installs the project's dependencies, Node 24 among them, when they are missing or package-lock.json has
# changed. Needs a Node of 20 or newer and its npm to start from. Two at once are safe: one installs, the
# other waits for it.
set -eu
cd "$(dirname "$0")/.."

fail() {
  echo "setup: $*" >&2
  exit 1
}

command -v node >/dev/null 2>&1 ||
  fail "Node was not found. Install Node 20 or newer (https://nodejs.org); the Node 24 that the project runs on is then fetched by itself."
command -v npm >/dev/null 2>&1 ||
  fail "npm was not found. It comes with Node (https://nodejs.org); some distributions package it apart, as 'npm'."
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 20 ] || fail "found Node $(node --version), wanted 20 or newer."
command -v go >/dev/null 2>&1 ||
  echo "setup: note: Go was not found; 'npm run demo' and 'npm test' need it once, to build the cluster's binary (https://go.dev/dl)."

stamp=node_modules/.setup-stamp
wanted=$(node -e 'process.stdout.write(require("node:crypto").createHash("sha256").update(require("node:fs").readFileSync("package-lock.json")).digest("hex"))')

runs_node_24() {
  [ "$(node_modules/.bin/node -p 'process.versions.node.split(".")[0]' 2>/dev/null)" = 24 ]
}

is_done() {
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ -x node_modules/.bin/node ]
}

is_done && exit 0

# The lock is a folder outside node_modules, which `npm ci` deletes. Its owner may have been killed.
lock=.tmp/setup.lock
mkdir -p .tmp
waited=0
until mkdir "$lock" 2>/dev/null; do
  owner=$(cat "$lock/pid" 2>/dev/null || true)
  if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
    rm -rf "$lock"
    continue
  fi
  [ "$waited" -gt 0 ] || echo "setup: waiting for another setup of this clone (process ${owner:-unknown})"
  waited=$((waited + 1))
  [ "$waited" -lt 600 ] || fail "waited 10 minutes for process ${owner:-unknown}; if it is gone, remove $lock"
  sleep 1
done
echo $$ >"$lock/pid"
trap 'rm -rf "$lock"' EXIT
trap 'exit 130' INT TERM HUP

is_done && exit 0

echo "setup: installing dependencies and Node 24 with npm $(npm --version 2>/dev/null) (about half a minute)"
npm ci --loglevel=error --no-audit --no-fund >.tmp/setup.log 2>&1 || {
  cat .tmp/setup.log >&2
  fail "npm ci failed. If the registry was out of reach, run this again."
}
# The package `node` fetches its binary in an install script, which an npm of the user may refuse to run.
if ! runs_node_24; then
  (cd node_modules/node && node installArchSpecificPackage) >>.tmp/setup.log 2>&1 || true
  ln -sf ../node/bin/node node_modules/.bin/node
  runs_node_24 || {
    cat .tmp/setup.log >&2
    fail "Node 24 was not installed into node_modules/.bin. Is there a build of it for this platform ($(uname -sm))?"
  }
fi
echo "$wanted" >"$stamp"

#!/bin/sh
# Prints the path of a Prometheus for the tests of gates: the one that is installed, or that of Debian's
# package, unpacked below the folder that is named. Nothing is installed and no service started. Ends with 3
# when this machine cannot have it, with 1 when getting it failed.
set -eu

fail() {
  echo "setup-prometheus: $1" >&2
  exit "${2:-1}"
}

[ $# = 1 ] || fail "wanted the folder to unpack into"
folder=$1
binary=$folder/usr/bin/prometheus

if installed=$(command -v prometheus); then
  echo "$installed"
  exit 0
fi
if [ -x "$binary" ]; then
  echo "$binary"
  exit 0
fi

for program in apt-get dpkg-deb; do
  command -v $program >/dev/null 2>&1 ||
    fail "these tests need Prometheus: install it, so that it is in the path; found no $program to get Debian's package with" 3
done
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
# apt-get gives up root for the user _apt, who has to be able to write here.
chmod 777 "$work"
download() {
  (cd "$work" && apt-get -q download prometheus) >"$work/log" 2>&1
}
if ! download; then
  # The lists of packages are missing or too old, and only root can renew them.
  [ "$(id -u)" = 0 ] ||
    fail "these tests need Prometheus: apt-get install prometheus, or apt-get update, as root; apt-get said: $(tail -n 1 "$work/log")" 3
  apt-get -q -o DPkg::Lock::Timeout=300 update >"$work/log" 2>&1 || true
  download || fail "apt-get could not download prometheus: $(tail -n 3 "$work/log")"
fi
dpkg-deb -x "$work"/prometheus_*.deb "$work/root"
# Another one may have been quicker: theirs is the same.
mv -T "$work/root" "$folder" 2>/dev/null || [ -x "$binary" ] || fail "could not unpack into $folder"
echo "$binary"

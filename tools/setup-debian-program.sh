#!/bin/sh
# Prints the path of a program that tests need: the one that is installed, or that of Debian's package, unpacked
# with the packages beside it below the folder that is named. Nothing is installed and no service started. Ends
# with 3 when this machine cannot have it, with 1 when getting it failed.
#
#   setup-debian-program.sh FOLDER PROGRAM WHO PACKAGE...
#   setup-debian-program.sh ~/.cache/x/nginx usr/sbin/nginx 'the tests of channels' nginx
set -eu

fail() {
  echo "setup-debian-program: $1" >&2
  exit "${2:-1}"
}

[ $# -ge 4 ] || fail "wanted the folder to unpack into, the program's path, who needs it, and packages"
folder=$1
name=$(basename "$2")
binary=$folder/$2
# Where a package still says /bin for what is in /usr/bin.
elsewhere=$folder/${2#usr/}
who=$3
shift 3

if installed=$(command -v "$name"); then
  echo "$installed"
  exit 0
fi
for found in "$binary" "$elsewhere"; do
  [ ! -x "$found" ] || {
    echo "$found"
    exit 0
  }
done

for program in apt-get dpkg-deb; do
  command -v $program >/dev/null 2>&1 ||
    fail "$who need $name: install it, so that it is in the path; found no $program to get Debian's package with" 3
done
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
# apt-get gives up root for the user _apt, who has to be able to write here.
chmod 777 "$work"
download() {
  (cd "$work" && apt-get -q download "$@") >"$work/log" 2>&1
}
if ! download "$@"; then
  # The lists of packages are missing or too old, and only root can renew them.
  [ "$(id -u)" = 0 ] ||
    fail "$who need $name: apt-get install $1, or apt-get update, as root; apt-get said: $(tail -n 1 "$work/log")" 3
  apt-get -q -o DPkg::Lock::Timeout=300 update >"$work/log" 2>&1 || true
  download "$@" || fail "apt-get could not download $*: $(tail -n 3 "$work/log")"
fi
for package in "$work"/*.deb; do
  dpkg-deb -x "$package" "$work/root"
done
# Another one may have been quicker: theirs is the same.
mv -T "$work/root" "$folder" 2>/dev/null || true
for found in "$binary" "$elsewhere"; do
  [ ! -x "$found" ] || {
    echo "$found"
    exit 0
  }
done
fail "could not unpack $binary"

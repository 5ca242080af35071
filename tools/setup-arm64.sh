#!/bin/sh
# Prints the path of a folder with what runs a program of arm64 on this machine: qemu, and Debian's C and C++
# libraries for it, unpacked and not installed. Ends with 3 when this machine cannot have it, with 1 when getting
# it failed.
set -eu

fail() {
  echo "setup-arm64: $1" >&2
  exit "${2:-1}"
}

[ $# = 1 ] || fail "wanted the folder to unpack into"
folder=$1
if [ -x "$folder/usr/bin/qemu-aarch64-static" ]; then
  echo "$folder"
  exit 0
fi
for program in apt-get dpkg-deb; do
  command -v $program >/dev/null 2>&1 ||
    fail "programs of arm64 are tried with Debian's qemu-user-static; found no $program to get it with" 3
done
mkdir -p "$(dirname "$folder")"
work=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/root"
# apt-get gives up root for the user _apt, who has to be able to write here.
chmod -R 777 "$work"
# Lists of its own: those of this machine are of its own architecture.
apt() {
  (cd "$work" && apt-get -q -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" \
    -o Dir::State::status=/dev/null -o APT::Architecture="$1" -o APT::Architectures="$1" "$2" ${3:+$3 $4 $5}) \
    >>"$work/log" 2>&1 || fail "apt-get $2 for $1 failed: $(tail -n 3 "$work/log")"
}
apt arm64 update
apt arm64 download libc6 libstdc++6 libgcc-s1
(cd "$work" && apt-get -q download qemu-user-static) >>"$work/log" 2>&1 ||
  fail "apt-get download qemu-user-static failed: $(tail -n 3 "$work/log")"
for package in "$work"/*.deb; do
  dpkg-deb -x "$package" "$work/root"
done
# Another one may have been quicker: theirs is the same.
mv -T "$work/root" "$folder" 2>/dev/null || [ -x "$folder/usr/bin/qemu-aarch64-static" ] ||
  fail "could not unpack into $folder"
echo "$folder"

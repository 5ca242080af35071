#!/bin/sh
# Makes this machine able to run the Debian hosts of the tests and of `npm run demo -- --hosts`: root on
# Debian, with the programs below. Installs what is missing with apt-get; says what is wanted where it
# cannot. Ends with 0 when all is there, with 3 when this machine cannot do it, with 1 when installing failed.
set -eu

PACKAGES="systemd-container debootstrap nftables iproute2 util-linux e2fsprogs openssh-client"
PROGRAMS="systemd-nspawn debootstrap nft ip tc nsenter unshare mkfs.ext4 ssh-keygen perl apt-get"
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

fail() {
  echo "setup-hosts: $1" >&2
  exit "${2:-1}"
}

missing() {
  for program in $PROGRAMS; do
    command -v "$program" >/dev/null 2>&1 || echo "$program"
  done
}

[ "$(uname -s)" = Linux ] || fail "hosts run on Linux only, and this is $(uname -s)" 3
[ "$(id -u)" = 0 ] || fail "hosts have network namespaces and disks of their own, which only root can make: run this as root" 3
grep -qs cgroup2 /proc/self/mountinfo || fail "no cgroup2 file system is mounted, by which hosts are frozen: mount one at /sys/fs/cgroup" 3

wanted=$(missing | tr '\n' ' ')
[ -n "$wanted" ] || exit 0

command -v apt-get >/dev/null 2>&1 ||
  fail "hosts need Debian with $PACKAGES; found no apt-get to install them with, and not: $wanted" 3
echo "setup-hosts: installing $PACKAGES" >&2
# Two at once wait for each other: both would want the package manager's lock.
export DEBIAN_FRONTEND=noninteractive
apt="apt-get -q -y -o DPkg::Lock::Timeout=300"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { $apt update && $apt install --no-install-recommends $PACKAGES; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  fail "apt-get could not install $PACKAGES; it last said the above"
fi
wanted=$(missing | tr '\n' ' ')
[ -z "$wanted" ] || fail "$PACKAGES are installed, and yet there is no $wanted"

#!/usr/bin/env bash
# The .rpm's life in a copy of this machine's file system, with its scripts: rpm_life.sh OLD.rpm NEW.rpm
# What it writes stays in memory and is gone at the end. Needs root; run it as: unshare --mount rpm_life.sh …
# systemd does not run in there, so the scripts' way through a chroot or an image is what is tried.
set -euo pipefail
base=$(mktemp -d)
mount -t tmpfs tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
mount -t proc proc "$base/root/proc"
mount --bind /dev "$base/root/dev"
mkdir "$base/root/packages"
cp "$1" "$2" "$base/root/packages"
inside() { chroot "$base/root" "$@"; }
# Debian's rpm knows none of its packages, so dependencies are not asked for; and it says that it is a guest here.
inside rpm --nodeps --install "/packages/$(basename "$1")" 2>/dev/null
inside rpm --verify --nodeps device-health
inside sh -c 'device-health --version; getent passwd device-health; systemctl is-enabled device-health'
inside sh -c 'mkdir -p /var/lib/device-health; echo kept >/var/lib/device-health/agent.db; echo "language: en" >/etc/device-health/agent.yaml'
inside rpm --nodeps --upgrade "/packages/$(basename "$2")" 2>/dev/null
inside sh -c 'device-health --version; cat /etc/device-health/agent.yaml /var/lib/device-health/agent.db; systemctl is-enabled device-health'
inside rpm --nodeps --erase device-health 2>/dev/null
echo left:
cd "$base/upper" && find . -path ./packages -prune -o -path ./var/lib/rpm -prune -o -name '*device-health*' -print | sort

#!/usr/bin/env bash
# The .rpm's life in a copy of this machine's file system, with its scripts: unshare --mount rpm_life.sh OLD.rpm NEW.rpm
set -euo pipefail
. "$(dirname "$0")/copied_system.sh"
cp "$1" "$2" "$copy/packages"
# Debian's rpm knows none of its packages, so dependencies are not asked for; and it says that it is a guest here.
inside rpm --nodeps --install "/packages/$(basename "$1")" 2>/dev/null
inside rpm --verify --nodeps device-health
inside sh -c 'device-health --version; getent passwd device-health; systemctl is-enabled device-health'
inside sh -c 'mkdir -p /var/lib/device-health; echo kept >/var/lib/device-health/agent.db; echo "language: en" >/etc/device-health/agent.yaml'
inside rpm --nodeps --upgrade "/packages/$(basename "$2")" 2>/dev/null
inside sh -c 'device-health --version; cat /etc/device-health/agent.yaml /var/lib/device-health/agent.db; systemctl is-enabled device-health'
inside rpm --nodeps --erase device-health 2>/dev/null
echo left:
left

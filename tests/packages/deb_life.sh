#!/usr/bin/env bash
# What the administrator chose, over the .deb's life: unshare --mount deb_life.sh OLD.deb NEW.deb
set -euo pipefail
. "$(dirname "$0")/copied_system.sh"
cp "$1" "$2" "$copy/packages"
old=/packages/$(basename "$1") new=/packages/$(basename "$2")
state() { echo "$1: $(inside systemctl is-enabled device-health 2>/dev/null || true), $(inside device-health --version)"; }
change() { inside dpkg "$@" >/dev/null 2>&1; }
change --install "$old"
state installed
change --install "$new"
state upgraded
inside systemctl disable --quiet device-health
change --install "$new"
state 'upgraded while disabled'
change --remove device-health
change --install "$new"
state 'installed again'
change --purge device-health
inside getent passwd device-health || echo 'no user'
echo left:
left

#!/usr/bin/env bash
# The companion as a systemd user unit of a logged-in user, with dunst on a virtual screen, and the agent as a service on
# the kernel's own adt7475 driver: from the heat to the screen, the answer in the journal, and a terminal when there is
# no screen. Runs inside the lab machine, in a folder that also holds the lab's hardware.sh, wheels/, deploy/, and the
# files of this folder and the one above. Ends with 0 if every fact was as expected.
set -euo pipefail
cd "$(dirname "$0")"
. ./hardware.sh
. ./install.sh
ln -s /opt/device-health/bin/device-health /usr/bin/device-health
install -D -m 644 -t /etc/systemd/user deploy/desktop/device-health-desktop.service
install -D -m 644 -t /etc/xdg/autostart deploy/desktop/device-health-desktop.desktop
board_up
export BUS
export -f set_temp set_fan set_pwm
python3 drive.py

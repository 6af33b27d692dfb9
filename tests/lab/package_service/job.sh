#!/usr/bin/env bash
# The .deb's service on the real systemd: its sandbox and what the probes see in it, a hung cycle, kill -9, a full disk.
# Runs inside the lab machine, in a folder that also holds the lab's hardware.sh, the packages, and the files of this
# folder and the one above. Ends with 0 if every fact was as expected.
set -euo pipefail
cd "$(dirname "$0")"
. ./hardware.sh
board_up
network_up
export BUS
export -f set_temp set_fan set_pwm
python3 drive.py

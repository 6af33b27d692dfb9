#!/usr/bin/env bash
# The whole installed agent as a service on real drivers: heat, a stopped fan, a display that goes, a full disk, a hung
# probe, kill -9, clock steps. Runs inside the lab machine, in a folder that also holds the lab's hardware.sh, wheels/,
# and the files of this folder and the one above. Ends with 0 if every fact was as expected.
set -euo pipefail
cd "$(dirname "$0")"
. ./hardware.sh
. ./install.sh
board_up
export BUS
export -f set_temp set_fan set_pwm
python3 drive.py

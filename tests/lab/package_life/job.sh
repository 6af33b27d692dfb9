#!/usr/bin/env bash
# The packages' life on the real systemd: install, upgrade, a real reboot (by kexec: this machine cannot be reset), remove
# and purge of the .deb, then the same by install.sh. Runs inside the lab machine, in a folder that also holds the lab's
# hardware.sh, the packages in two versions, and the files of this folder and the one above; after the reboot it is
# started again. Ends with 0 if every fact was as expected.
set -euo pipefail
cd "$(dirname "$0")"
. ./hardware.sh
board_up
export BUS
export -f set_temp set_fan set_pwm
if [ ! -e before-reboot.txt ]; then
  python3 before_reboot.py 2>&1 | tee before-reboot.txt
  python3 reboot.py
  sleep infinity # the reboot ends it
fi
cat before-reboot.txt
python3 after_reboot.py
grep -q 'all as expected' before-reboot.txt

#!/usr/bin/env bash
# The temperature and fan probes on the kernel's own adt7475 driver. Runs inside the lab machine, in a folder that also
# holds the lab's hardware.sh, wheels/, and the files of this folder and the one above. Ends with 0 if every look was as
# expected.
set -euo pipefail
cd "$(dirname "$0")"
. ./hardware.sh
. ./install.sh
board_up
for file in /sys/class/hwmon/hwmon*/{name,temp1_*,fan1_*,pwm1*}; do
  [ -f "$file" ] && echo "$file $(cat "$file" 2>&1)"
done
mkfifo /tmp/steps
/opt/device-health/bin/python watch.py </tmp/steps &
exec 3>/tmp/steps
look() { sleep 4; echo "$*" >&3; } # the driver itself asks the chip only every two seconds
sleep 10                           # Python starts slowly in an emulated machine
look at rest
set_temp 1 97
look 97 degrees
set_temp 1 45
set_fan 1 0
look stopped 1
look stopped 2
look stopped 3
set_fan 1 1800
look turning again
set_fan 2 5000
look racing 1
look racing 2
look racing 3
look racing 4
look racing 5
look racing 6
exec 3>&-
wait $!

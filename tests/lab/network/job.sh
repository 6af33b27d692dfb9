#!/usr/bin/env bash
# The network, ping and Wi-Fi probes on real kernel devices: netem, veth, mac80211_hwsim. Runs inside the lab machine, in
# a folder that also holds the lab's hardware.sh, wheels/, and the files of this folder and the one above. Ends with 0 if
# every look was as expected.
set -euo pipefail
cd "$(dirname "$0")"
. ./hardware.sh
. ./install.sh
network_up
export -f network_impair network_clear link_down link_up
/opt/device-health/bin/python watch.py

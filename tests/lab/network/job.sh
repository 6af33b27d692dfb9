#!/usr/bin/env bash
# The network, ping and Wi-Fi probes on real kernel devices: netem, veth, mac80211_hwsim. Runs inside the lab machine, in
# a folder that also holds the lab's hardware.sh, this folder's watch.py, the agent package, and in wheels/ the wheels of
# psutil, ping3 and pyroute2. Ends with 0 if every look was as expected.
set -euo pipefail
cd "$(dirname "$0")"
. ./hardware.sh
for wheel in wheels/*.whl; do python3 -m zipfile -e "$wheel" /tmp/packages; done
network_up
export -f network_impair network_clear link_down link_up
PYTHONPATH=.:/tmp/packages python3 watch.py

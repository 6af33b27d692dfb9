#!/usr/bin/env bash
# The whole installed agent as a service on a network of namespaces: loss and delay by netem, a pulled cable, a dead
# gateway, a dead server, a dead line. Runs inside the lab machine, in a folder that also holds the lab's hardware.sh,
# wheels/, and the files of this folder and the one above. Ends with 0 if every fact was as expected.
set -euo pipefail
cd "$(dirname "$0")"
. ./hardware.sh
. ./install.sh
network_up
# a name server behind the same gateway, so that one dead server is not a dead line
ip netns add names
ip -n gateway link add wan2 type veth peer name uplink netns names
ip -n gateway address add 203.0.113.1/24 dev wan2; ip -n gateway link set wan2 up
ip -n names address add 203.0.113.53/24 dev uplink; ip -n names link set uplink up; ip -n names link set lo up
ip -n names route add default via 203.0.113.1
export -f network_impair network_clear link_down link_up
python3 drive.py

# Source this inside a lab job: it installs the agent from wheels/, away from any source tree, as the README does.
python3 -m venv --without-pip /opt/device-health
python3 -m pip --python /opt/device-health/bin/python install -q --no-index --find-links wheels device-health-agent

# What every package does on the machine; put into each maintainer script and into install.sh. Plain sh.

UNIT=device-health.service
COMPANION=device-health-desktop.service # each user's; only where this version has one

# Whether systemd runs here: not in a chroot, an image that is being built, or a container.
systemd_runs() { [ -d /run/systemd/system ]; }

# The service's user: static, so that the administrator can give it keys to read and its files keep their owner.
make_user() {
  if command -v systemd-sysusers >/dev/null 2>&1; then
    systemd-sysusers device-health.conf || true
  fi
  if ! getent passwd device-health >/dev/null; then
    useradd --system --user-group --home-dir /var/lib/device-health --no-create-home --shell /usr/sbin/nologin device-health
  fi
}

# Pings without a privilege; every setting of the machine counts in its order, so that an administrator's own wins.
allow_ping() {
  if systemd_runs; then
    /usr/lib/systemd/systemd-sysctl --prefix=/net/ipv4/ping_group_range 2>/dev/null \
      || /lib/systemd/systemd-sysctl --prefix=/net/ipv4/ping_group_range 2>/dev/null || true
  fi
}

after_install() {
  make_user
  allow_ping
  if command -v systemctl >/dev/null 2>&1; then
    systemctl enable --quiet $UNIT || true
    if [ -e /usr/lib/systemd/user/$COMPANION ]; then systemctl --global enable --quiet $COMPANION || true; fi
  fi
  if systemd_runs; then
    systemctl daemon-reload
    systemctl start $UNIT || echo "device-health: the agent did not start; see: journalctl -u device-health" >&2
  fi
  if [ -e /dev/nvidiactl ] && [ ! -e /etc/systemd/system/$UNIT.d/nvidia.conf ]; then
    echo "device-health: to watch the NVIDIA card: install -D -m 644 /opt/device-health/share/nvidia.conf /etc/systemd/system/$UNIT.d/nvidia.conf && systemctl daemon-reload && systemctl restart device-health" >&2
  fi
}

# A service that the administrator stopped or switched off stays so.
after_upgrade() {
  make_user
  allow_ping
  if systemd_runs; then
    systemctl daemon-reload
    systemctl try-restart $UNIT || echo "device-health: the agent did not start again; see: journalctl -u device-health" >&2
  fi
}

before_remove() {
  if command -v systemctl >/dev/null 2>&1; then
    if systemd_runs; then systemctl stop $UNIT || true; fi
    systemctl disable --quiet $UNIT || true
    if [ -e /usr/lib/systemd/user/$COMPANION ]; then systemctl --global disable --quiet $COMPANION || true; fi
  fi
}

after_remove() {
  if systemd_runs; then
    systemctl daemon-reload || true
    systemctl reset-failed $UNIT 2>/dev/null || true
  fi
}

# Configuration, record and user: what an upgrade and a removal keep.
purge() {
  rm -rf /etc/device-health /var/lib/device-health /run/device-health /etc/systemd/system/$UNIT.d
  if getent passwd device-health >/dev/null; then userdel device-health || true; fi
  if getent group device-health >/dev/null; then groupdel device-health || true; fi
}

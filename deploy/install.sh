#!/bin/sh
# For a machine with neither dpkg nor rpm. From the unpacked archive, as root:
#   ./install.sh            install, or upgrade: configuration and record are kept
#   ./install.sh --remove   remove the program; configuration and record are kept
#   ./install.sh --purge    remove everything, the record included
set -eu
cd "$(dirname "$0")"
LIST=/opt/device-health/installed-files
. ./functions.sh

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

# A machine that has a package would then have two owners of the same files.
refuse_beside_a_package() {
  if command -v dpkg-query >/dev/null 2>&1 && dpkg-query -S /opt/device-health/bin/device-health >/dev/null 2>&1; then
    fail "the .deb is installed; upgrade it with dpkg, or remove it first: apt-get remove device-health"
  fi
  if command -v rpm >/dev/null 2>&1 && rpm -q device-health >/dev/null 2>&1; then
    fail "the .rpm is installed; upgrade it with rpm, or remove it first: rpm -e device-health"
  fi
}

# Every file in its place, a running program's too: tar takes the old file away before it writes the new one. The
# configuration only where there is none; a new example is laid beside it.
lay_out() {
  (cd tree && find . ! -type d | sed 's/^\.//' | sort) >"$1"
  tar -C tree --exclude=./etc -cf - . | tar -C / --no-same-owner --no-overwrite-dir --keep-directory-symlink -xpf -
  (cd tree && find ./etc -type d | sed 's/^\.//') | while read -r folder; do [ -d "$folder" ] || mkdir -m 755 "$folder"; done
  grep '^/etc/' "$1" | while read -r file; do
    if [ ! -e "$file" ]; then
      install -m 644 "tree$file" "$file"
    elif ! cmp -s "tree$file" "$file"; then
      install -m 644 "tree$file" "$file.new"
    fi
  done
}

# remove_files OLD [NEW]: what the old list has and the new one has not; the configuration stays.
remove_files() {
  grep -v '^/etc/device-health/' "$1" | { if [ -n "${2:-}" ]; then grep -vxFf "$2" || true; else cat; fi; } | tr '\n' '\0' | xargs -0 -r rm -f
  find /opt/device-health -depth -type d -empty -delete 2>/dev/null || true
}

install_or_upgrade() {
  refuse_beside_a_package
  new=$(mktemp)
  lay_out "$new"
  if [ -e $LIST ]; then
    remove_files $LIST "$new"
    install -m 644 "$new" $LIST
    after_upgrade
  else
    install -m 644 "$new" $LIST
    after_install
  fi
  rm -f "$new"
}

remove() {
  [ -e $LIST ] || fail "nothing was installed by this script"
  before_remove
  list=$(mktemp)
  cp $LIST "$list"
  rm -f $LIST
  remove_files "$list"
  rm -rf /usr/share/doc/device-health
  if [ "$1" = --purge ]; then
    grep '^/etc/' "$list" | while read -r file; do rm -f "$file" "$file.new"; done
  fi
  rm -f "$list"
  after_remove
}

[ "$(id -u)" = 0 ] || fail "it must be run as root"
case ${1:-} in
  "") install_or_upgrade ;;
  --remove) remove "$1" ;;
  --purge) if [ -e $LIST ]; then remove "$1"; fi; purge ;;
  *) fail "$1 is not known; expected nothing, --remove or --purge" ;;
esac

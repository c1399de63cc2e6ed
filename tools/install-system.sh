#!/bin/sh
# Installs the programs the tests run besides Node.js: by apt-get as root, else it fails and names the command.
set -eu

# command:Debian package
needed='git:git openssl:openssl perl:perl-base redis-server:redis-server redis-cli:redis-tools systemd-analyze:systemd'

missing=''
for pair in $needed; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
if [ -z "$missing" ]; then
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "install-system: missing:$missing. Install with: sudo apt-get install$missing" >&2
  exit 1
fi
echo "install-system: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update >&2
# shellcheck disable=SC2086 # a list of words
apt-get install -y --no-install-recommends $missing >&2

#!/bin/bash
# install.sh: Debian's PgBouncer.
. "$(dirname "$0")/../common.sh"
[ -x /usr/sbin/pgbouncer ] || install_packages pgbouncer

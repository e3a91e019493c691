#!/bin/bash
# install.sh: Debian's MariaDB server without its service, configuration and client.
. "$(dirname "$0")/../common.sh"
[ -x /usr/sbin/mariadbd ] || install_packages mariadb-server-core

#!/bin/bash
# install.sh: Debian's MariaDB server without its service and configuration, and the client with which tests
# dump and restore databases.
. "$(dirname "$0")/../common.sh"
[ -x /usr/sbin/mariadbd ] && [ -x /usr/bin/mariadb-dump ] ||
    install_packages mariadb-server-core mariadb-client

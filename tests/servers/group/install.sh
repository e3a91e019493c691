#!/bin/bash
# install.sh: the current MySQL, which has group replication as a plugin, and a client to set it up.
. "$(dirname "$0")/../common.sh"
"$servers/mysql/install.sh"
[ -x /usr/bin/mariadb ] || install_packages mariadb-client

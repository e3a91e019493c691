#!/bin/bash
# install.sh: Debian's PostgreSQL without the cluster that it would make.
. "$(dirname "$0")/../common.sh"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && exit
install_packages postgresql-common
sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
install_packages postgresql

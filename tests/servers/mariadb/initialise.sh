#!/bin/bash
# initialise.sh FOLDER: makes a data folder, as mariadb-install-db does, which needs mariadb-client besides.
. "$(dirname "$0")/../common.sh"
mkdir "$1"
{ printf '%s\n' 'CREATE DATABASE mysql;' 'USE mysql;' 'SET @auth_root_socket=NULL;'
  cd /usr/share/mysql && cat mysql_system_tables.sql mysql_performance_tables.sql mysql_system_tables_data.sql \
      fill_help_tables.sql maria_add_gis_sp_bootstrap.sql mysql_sys_schema.sql
  echo 'CREATE DATABASE test;'
} | /usr/sbin/mariadbd --no-defaults --user="$(id -un)" --bootstrap --datadir="$1" --log-warnings=0 \
    --enforce-storage-engine= --max-allowed-packet=8M --net-buffer-length=16K
/usr/sbin/mariadbd --version | sed -E 's/.*Ver ([0-9.]+-MariaDB).*/\1/' | tr -d '\n' >"$1/mysql_upgrade_info"

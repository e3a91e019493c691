#!/bin/bash
# initialise.sh FOLDER [PROGRAM SHARE PREFIX [OPTION]...]: makes a data folder as mariadb-install-db does, which needs
# mariadb-client besides: by Debian's own mariadbd, or by another PROGRAM whose SQL is in SHARE/PREFIX_….sql.
. "$(dirname "$0")/../common.sh"
folder=$1 program=${2:-/usr/sbin/mariadbd} share=${3:-/usr/share/mysql} prefix=${4:-mysql}
options=("${@:5}")
mkdir "$folder"
{ printf '%s\n' 'CREATE DATABASE mysql;' 'USE mysql;' 'SET @auth_root_socket=NULL;'
  cd "$share" && cat "$prefix"_system_tables.sql "$prefix"_performance_tables.sql "$prefix"_system_tables_data.sql \
      fill_help_tables.sql maria_add_gis_sp_bootstrap.sql "$prefix"_sys_schema.sql
  echo 'CREATE DATABASE test;'
} | "$program" --no-defaults --user="$(id -un)" "${options[@]}" --bootstrap --datadir="$folder" --log-warnings=0 \
    --enforce-storage-engine= --max-allowed-packet=8M --net-buffer-length=16K
"$program" --version | sed -E 's/.*Ver ([0-9.]+-MariaDB).*/\1/' | tr -d '\n' >"$folder/mysql_upgrade_info"

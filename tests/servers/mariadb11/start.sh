#!/bin/bash
# start.sh DATADIR [PORT] [TLS]: starts a private MariaDB 11.8 server from Debian sid and prints its SQLAlchemy URL;
# while it is up, only prints it. Without a PORT it takes a free one; with a folder of
# certificates.sh it offers TLS. MYSQLD_ARGS: further options for mariadbd.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../mysqld.sh"
"$here/install.sh"
usr=$installed/mariadb11/usr mysqld=$installed/mariadb11/mariadbd
args=(--no-defaults --user="$(id -un)" --basedir="$usr" --lc-messages-dir="$usr/share/mariadb"
    --character-sets-dir="$usr/share/mariadb/charsets" --plugin-dir="$usr/lib/mysql/plugin" "${quick[@]}")

# what mariadb-install-db does, which needs mariadb-client besides
initialise() {
    mkdir "$1" &&
        { printf '%s\n' 'CREATE DATABASE mysql;' 'USE mysql;' 'SET @auth_root_socket=NULL;'
          cd "$usr/share/mariadb" && cat mariadb_system_tables.sql mariadb_performance_tables.sql mariadb_system_tables_data.sql \
              fill_help_tables.sql maria_add_gis_sp_bootstrap.sql mariadb_sys_schema.sql
          echo 'CREATE DATABASE test;'
        } | "$mysqld" "${args[@]}" --bootstrap --datadir="$1" --log-warnings=0 --enforce-storage-engine= \
            --max-allowed-packet=8M --net-buffer-length=16K &&
        "$mysqld" --version | sed -E 's/.*Ver ([0-9.]+-MariaDB).*/\1/' | tr -d '\n' >"$1/mysql_upgrade_info"
}
start "${2:-}" "${3:-}"

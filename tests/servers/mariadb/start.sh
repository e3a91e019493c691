#!/bin/bash
# start.sh DATADIR [PORT] [TLS]: starts a private MariaDB server, Debian's mariadb-server-core, and prints
# its SQLAlchemy URL; while it is up, only prints it. Without a PORT it takes a free one; with a folder of
# certificates.sh it offers TLS. MYSQLD_ARGS: further options for mariadbd.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../mysqld.sh"
"$here/install.sh"
mysqld=/usr/sbin/mariadbd
args=(--no-defaults --user="$(id -un)" "${quick[@]}")

initialise() { "$here/initialise.sh" "$1"; }
start "${2:-}" "${3:-}"

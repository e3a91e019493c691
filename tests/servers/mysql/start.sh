#!/bin/bash
# start.sh DATADIR [PORT] [TLS]: starts a private MySQL server, the newest or MYSQL_VERSION, and prints its SQLAlchemy URL;
# while it is up, only prints it. Without a PORT it takes a free one; with a folder of certificates.sh it
# offers TLS. MYSQLD_ARGS: further options for mysqld.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../mysqld.sh"
"$here/install.sh"
. "$here/program.sh"
initialise() { initialise_mysql "$1"; }
start "${2:-}" "${3:-}"

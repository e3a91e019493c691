#!/bin/bash
# start.sh DIR [NODE]: starts a Galera cluster of three MariaDB servers in DIR/n1 to DIR/n3, and prints their
# SQLAlchemy URLs, a line each; with a NODE (1 to 3) only that one, which joins those that are up.
# MYSQLD_ARGS: further options for mariadbd. `stop.sh DIR` ends them, `kill.sh galera DIR/n2` kills one.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../cluster.sh"
start_cluster "$here" "$@"

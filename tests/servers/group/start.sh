#!/bin/bash
# start.sh DIR [NODE]: starts a group of three MySQL servers that replicate to each other in DIR/n1 to DIR/n3,
# and prints their SQLAlchemy URLs, a line each; the first is the primary. With a NODE (1 to 3) only that
# one, which joins those that are up. MYSQLD_ARGS: further options, as
# --loose-group-replication-single-primary-mode=OFF. `stop.sh DIR` ends them, `kill.sh group DIR/n2` kills one.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../cluster.sh"
start_cluster "$here" "$@"

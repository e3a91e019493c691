#!/bin/bash
# stop.sh DATADIR: ends the server that start.sh started on DATADIR, and no other.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../mysqld.sh"
stop

#!/bin/bash
# stop.sh DATADIR: ends the server that start.sh started on DATADIR, and no other.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/common.sh"
ours || exit 0
cd "$dir"
as "$bin/pg_ctl" -s -w -t 30 -m fast -D "$dir/data" stop

#!/bin/bash
# standby.sh DATADIR PORT: makes a copy of the server at PORT, which start.sh starts on DATADIR as a standby
# of it, called `standby`.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/common.sh"
cd "$dir"
mkdir -m 700 data.new
[ "$(id -u)" -ne 0 ] || chown postgres: data.new
as "$bin/pg_basebackup" -d "host=127.0.0.1 port=$2 user=postgres application_name=standby" \
    -D "$dir/data.new" -R -c fast -X stream --no-sync
mv data.new data

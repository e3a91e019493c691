#!/bin/bash
# kill.sh NAME DATADIR: ends the server that NAME/start.sh started on DATADIR, and no other, as kill -9 does:
# with all its processes, and without a chance to write anything. NAME/start.sh starts it again.
. "$(dirname "$0")/common.sh"
name=${1:?NAME}
shift
case $name in
postgres*) . "$servers/postgres/common.sh" ;;
*) . "$servers/mysqld.sh" ;;
esac
ours || exit 0
pid=$(sed -n 1p "$pidfile")
# PostgreSQL's other processes would notice a little later, and some write before they end
mapfile -t children < <(grep -lx "PPid:[[:space:]]*$pid" /proc/[0-9]*/status 2>/dev/null | cut -d / -f 3)
kill -9 "$pid" "${children[@]}" 2>/dev/null || true
for process in "$pid" "${children[@]}"; do
    # gone, or only waiting to be reaped: then it has no command line
    while [ -n "$(tr -d '\0' 2>/dev/null <"/proc/$process/cmdline")" ] 2>/dev/null; do sleep 0.01; done
done

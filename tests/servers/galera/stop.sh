#!/bin/bash
# stop.sh DIR: ends the servers that start.sh started in DIR, and no others.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
for node in 3 2 1; do
    "$here/../mariadb/stop.sh" "${1:?DIR}/n$node"
done

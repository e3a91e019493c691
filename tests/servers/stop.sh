#!/bin/bash
# stop.sh DIR: ends the servers that start.sh started in DIR, and no others. Their data stay.
. "$(dirname "$0")/common.sh"
dir=$(realpath -m "${1:?DIR}")
status=0
declare -A stopping
for name in "${names[@]}" "${further[@]}"; do
    [ ! -d "$dir/$name" ] || { "$servers/$name/stop.sh" "$dir/$name" & stopping[$name]=$!; }
done
for name in "${!stopping[@]}"; do
    wait "${stopping[$name]}" || status=1
done
exit $status

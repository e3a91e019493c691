#!/bin/bash
# guard.sh NAME DATADIR: waits until its input ends; then it ends the server on DATADIR, or all nodes of a cluster, at once, and removes
# the folder, also where that is a file system of its own. Whoever starts a server holds the other end of the
# input, so that nothing is left behind, however that process ends.
trap '' INT TERM HUP
cat >/dev/null
for folder in "$2" "$2"/n[1-3]; do
    [ ! -d "$folder" ] || "$(dirname "$0")/kill.sh" "$1" "$folder" >/dev/null 2>&1
done
! mountpoint -q "$2" || umount -l "$2"
rm -rf "$2"

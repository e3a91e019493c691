#!/bin/bash
# guard.sh NAME DATADIR: waits until its input ends; then it ends the server on DATADIR at once, and removes
# the folder, also where that is a file system of its own. Whoever starts a server holds the other end of the
# input, so that nothing is left behind, however that process ends.
trap '' INT TERM HUP
cat >/dev/null
"$(dirname "$0")/kill.sh" "$1" "$2" >/dev/null 2>&1
! mountpoint -q "$2" || umount -l "$2"
rm -rf "$2"

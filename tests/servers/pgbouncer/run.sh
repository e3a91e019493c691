#!/bin/bash
# run.sh FILE: runs PgBouncer with the settings in FILE, in the foreground, until whoever called it ends.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
"$here/install.sh"
as=()
# PgBouncer refuses root
[ "$(id -u)" -ne 0 ] || as=(--reuid postgres --regid postgres --clear-groups)
exec setpriv "${as[@]}" --pdeathsig KILL -- /usr/sbin/pgbouncer -q "$1"

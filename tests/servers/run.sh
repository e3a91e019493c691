#!/bin/bash
# run.sh [--only NAME,NAME] COMMAND [ARGUMENT]...: runs a command while private servers are up, and ends with
# its status. It installs what is missing, starts the servers in a temporary folder on free ports, tells the
# command of them by the variables that start.sh prints, and removes everything afterwards.
#
# If MLFLOW_MIGRATE_TEST_URLS is set already, the command gets those servers and none is started.
# The command cannot read from the terminal; for that, use start.sh and stop.sh.
. "$(dirname "$0")/common.sh"
usage() { echo "usage: run.sh [--only NAME,NAME] COMMAND [ARGUMENT]...    (NAME: ${names[*]} ${further[*]})" >&2; exit 2; }

options=()
if [ "${1:-}" = --only ]; then
    options=(--only "${2:-}")
    shift 2 || usage
fi
[ $# -gt 0 ] || usage

# Rust's own harness, which runs the tests of the command line, starts one test a processor. Most of these
# wait for a process or a timer, so more of them fit. The programs of tests/tests have their own harness.
export RUST_TEST_THREADS="${RUST_TEST_THREADS:-6}"

[ -z "${MLFLOW_MIGRATE_TEST_URLS:-}" ] || exec "$@"

folder=$(mktemp -d "${TMPDIR:-/tmp}/mlflow-migrate-servers.XXXXXX")
child='' starting=''
# a server that is being initialised, and a command of any kind, may not heed the first signal
end_group() {
    local i
    kill -TERM -- "-$child" 2>/dev/null || return 0
    for ((i = 0; i < 50; i++)); do
        kill -0 -- "-$child" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -KILL -- "-$child" 2>/dev/null || true
}
clean_up() {
    local status=$?
    trap '' INT TERM HUP
    [ -z "$child" ] || end_group
    "$servers/stop.sh" "$folder" || status=1
    # the logs of a server that failed are still to be read
    if [ -n "$starting" ] && [ $status -eq 1 ]; then rm -rf "$folder"/*/data{,.new}; else rm -rf "$folder"; fi
    exit $status
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# A process group of its own, so that ending it ends what it has started too; in the background, since a
# shell handles no signal while it waits for a command in the foreground.
in_group() {
    set -m
    "$@" <&0 &
    child=$!
    set +m
    wait $child
}
starting=yes
in_group "$servers/start.sh" "${options[@]}" "$folder" >/dev/null || { status=$?; child=''; exit $status; }
child='' starting=''
. "$folder/env.sh"
in_group "$@" && status=0 || status=$?
child=''
exit $status

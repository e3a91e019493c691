# Sourced by the start.sh and stop.sh of MySQL and MariaDB: one private server on one folder.
#   DATADIR/data         the server's own data, with its socket mysqld.sock (whatever DATADIR's length is)
#   DATADIR/mysqld.pid   its process; DATADIR/mysqld.log, init.log: what it said
# A caller sets mysqld (the command) and args (options for initialising and for running), and defines
# initialise DIR (makes a data folder with an empty database `test`, and root without a password).
# shellcheck shell=bash disable=SC2034,SC2154
# The options of a server that offers no TLS; a caller names others.
without_tls=(--skip-ssl)
# The options that are for running alone.
run_args=()
dir=$(realpath -m "${1:?DATADIR}")
pidfile=$dir/mysqld.pid log=$dir/mysqld.log

# what makes throw-away tests quick: nothing has to outlive a power cut
quick=(--innodb-buffer-pool-size=256M --innodb-flush-log-at-trx-commit=0 --skip-innodb-doublewrite
    --innodb-flush-method=nosync --performance-schema=OFF --max-connections=300)

# the options that offer TLS with the files of certificates.sh
tls_options() {
    printf '%s\n' --ssl-ca="$1/ca.pem" --ssl-cert="$1/server.pem" --ssl-key="$1/server-key.pem"
}

# the command line of the process in the pid file, an argument a line, while it's the server on DATADIR
ours() {
    local pid
    pid=$(cat "$pidfile" 2>/dev/null) && [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] || return 1
    tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "--datadir=$dir/data"
}

# start [PORT] [TLS]
start() {
    local wanted=${1:-} running
    if ours; then
        running=$(tr '\0' '\n' <"/proc/$(cat "$pidfile")/cmdline" | sed -n 's/^--port=//p')
        if [ -n "$wanted" ] && [ "$wanted" != "$running" ]; then
            echo "$dir: its server runs already, on port $running" >&2
            return 1
        fi
        echo "mysql+pymysql://root@127.0.0.1:$running/"
        return 0
    fi
    if [ -n "${2:-}" ]; then
        local options
        mapfile -t options < <(tls_options "$(realpath "$2")")
        args+=("${options[@]}")
    else
        args+=("${without_tls[@]}")
    fi
    # shellcheck disable=SC2206  # MYSQLD_ARGS: further options, words without spaces
    args+=(${MYSQLD_ARGS:-})
    # its own: a server that starts, to make a data folder too, removes whatever looks like a temporary table of
    # MySQL's in this folder, another server's as well
    mkdir -p "$dir/tmp"
    export TMPDIR=$dir/tmp
    if [ ! -d "$dir/data" ]; then
        rm -rf "$dir/data.new"
        initialise "$dir/data.new" >"$dir/init.log" 2>&1 || { tail -n 30 "$dir/init.log" >&2; return 1; }
        mv "$dir/data.new" "$dir/data"
    fi
    start_on_port "$wanted" "$log" start_on
}

start_on() {
    local port=$1 child i
    rm -f "$pidfile" "$dir/data/mysqld.sock.lock" # left by one that was killed
    : >"$log"
    setsid "$mysqld" "${args[@]}" "${run_args[@]}" --datadir="$dir/data" --bind-address=127.0.0.1 --port="$port" \
        --socket=mysqld.sock --pid-file="$pidfile" >>"$log" 2>&1 </dev/null &
    child=$!
    # the server writes it late: it can be stopped before
    echo $child >"$pidfile"
    # it's up once its own log says so and it greets over TCP; where another holds the port, it ends instead
    for ((i = 0; i < 1200; i++)); do
        kill -0 $child 2>/dev/null || break
        if grep -q 'ready for connections' "$log" &&
            (exec 3<>"/dev/tcp/127.0.0.1/$port" && IFS= read -r -n 5 -t 5 -u 3 _) 2>/dev/null; then
            echo "mysql+pymysql://root@127.0.0.1:$port/"
            return 0
        fi
        sleep 0.05
    done
    echo "$dir: the server did not come up:" >&2
    tail -n 30 "$log" >&2
    kill $child 2>/dev/null || true
    return 1
}

stop() {
    local pid i
    ours || { rm -f "$pidfile"; return 0; }
    pid=$(cat "$pidfile")
    kill "$pid"
    for ((i = 0; i < 600; i++)); do
        # gone, or only waiting to be reaped: then it has no command line
        [ -n "$(tr -d '\0' 2>/dev/null <"/proc/$pid/cmdline")" ] 2>/dev/null || { rm -f "$pidfile"; return 0; }
        sleep 0.05
    done
    echo "$dir: process $pid did not stop in 30 s" >&2
    return 1
}

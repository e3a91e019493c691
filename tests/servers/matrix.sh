#!/bin/bash
# matrix.sh [SERVER ...] [-- FILTER ...]: runs the tests of `servers` on versions of servers that CI does not test,
# one after another, each with a server of its own, and prints a line for each. It fails if one of them fails.
#
# SERVER is one of those that `matrix.sh --list` prints; without, all. FILTER goes to the tests, instead of the
# server's name, which leaves SQLite out. The logs are in target/matrix.
# MLFLOW_MIGRATE_ORACLE: a Python with MLflow, to compare with.
. "$(dirname "$0")/common.sh"
all=(postgres-12 postgres-13 postgres-14 postgres-16 postgres-17 postgres-18 mysql-5.7 mysql-8.0 mysql-8.4 mariadb-11)
wanted=()
while [ $# -gt 0 ]; do
    case $1 in
        --list) printf '%s\n' "${all[@]}"; exit ;;
        --) shift; break ;;
        *) [[ " ${all[*]} " = *" $1 "* ]] || { echo "matrix.sh: there is no server $1" >&2; exit 2; }
           wanted+=("$1"); shift ;;
    esac
done
[ ${#wanted[@]} -gt 0 ] || wanted=("${all[@]}")

repository=$(cd "$servers/../.." && pwd -P)
logs=${CARGO_TARGET_DIR:-$repository/target}/matrix
mkdir -p "$logs"
folder=$(mktemp -d "${TMPDIR:-/tmp}/mlflow-migrate-matrix.XXXXXX")
chmod 755 "$folder" # PostgreSQL's server runs as another user
started=''
end_server() {
    [ -z "$started" ] || "$servers/$started/stop.sh" "$folder/server"
    started=''
    rm -rf "$folder/server"
}
trap 'end_server; rm -rf "$folder"' EXIT

# on SERVER COMMAND...: runs the command while the server is up, which MLFLOW_MIGRATE_TEST_URLS names
on() {
    local server=$1 status=0
    shift
    unset PG_VERSION MYSQL_VERSION
    case $server in
        postgres-*) started=postgres; export PG_VERSION=${server#postgres-} ;;
        mysql-*) started=mysql; export MYSQL_VERSION=${server#mysql-} ;;
        mariadb-11) started=mariadb11 ;;
    esac
    MLFLOW_MIGRATE_TEST_URLS=$("$servers/$started/start.sh" "$folder/server" "" "$folder/tls") || return
    export MLFLOW_MIGRATE_TEST_URLS
    "$@" || status=$?
    end_server
    return "$status"
}

unset MLFLOW_MIGRATE_REQUIRE_SERVERS MLFLOW_MIGRATE_TEST_FURTHER_URLS
"$servers/certificates.sh" "$folder/tls"
export MLFLOW_MIGRATE_TEST_CA=$folder/tls/ca.pem MLFLOW_MIGRATE_TEST_CLIENT_CERT=$folder/tls/client.pem
export MLFLOW_MIGRATE_TEST_CLIENT_KEY=$folder/tls/client-key.pem
"$servers/mysql/install.sh" # its mysqldump reads the older ones, too
export MLFLOW_MIGRATE_TEST_MYSQLDUMP=$installed/mysql/mysqldump
cargo test --locked --quiet --manifest-path "$repository/Cargo.toml" -p mlflow-migrate-tests --test servers --no-run
failed=0
for server in "${wanted[@]}"; do
    log=$logs/$server.log
    if on "$server" cargo test --locked --manifest-path "$repository/Cargo.toml" -p mlflow-migrate-tests --test servers \
        -- "${@:-$server}" >"$log" 2>&1; then
        verdict=passed
    else
        verdict=FAILED failed=1
    fi
    end_server
    echo "$server: $verdict; $(grep -m 1 '^test result' "$log" || tail -n 1 "$log")"
done
exit "$failed"

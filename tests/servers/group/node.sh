#!/bin/bash
# node.sh DIR/nN N [first]: starts one member, for start.sh; the first one begins the group.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../mysqld.sh"
. "$here/../cluster.sh"
. "$here/../mysql/program.sh"
without_tls=() # the members encrypt what they say to each other as the server does
node=${2:?N}
read_ports "$dir/.."
seeds=$(IFS=,; echo "${group_ports[*]/#/127.0.0.1:}")
run_args=(--server-id="$node" --log-bin=binlog --gtid-mode=ON --enforce-gtid-consistency=ON --report-host=127.0.0.1
    --performance-schema=ON --plugin-load-add=group_replication.so
    --loose-group-replication-group-name=6d6c666c-6f77-2d6d-6967-726174650000
    --loose-group-replication-local-address="127.0.0.1:${group_ports[node - 1]}"
    --loose-group-replication-group-seeds="$seeds" --loose-group-replication-start-on-boot=OFF
    --loose-group-replication-recovery-get-public-key=ON
    --loose-group-replication-recovery-reconnect-interval=1)
# of an option that is there twice the last one counts
kept=()
for arg in "${args[@]}"; do
    case $arg in --skip-log-bin | --performance-schema=*) ;; *) kept+=("$arg") ;; esac
done
args=("${kept[@]}")
initialise() { initialise_mysql "$1"; }
url=$(start "${ports[node - 1]}")
sql() { mariadb -h127.0.0.1 -P"${ports[node - 1]}" -uroot -Ns -e "$1"; }
# What it has of its own, before it joins, is none of the group's.
[ -e "$dir/joined" ] || sql 'RESET BINARY LOGS AND GTIDS'
[ "${3:-}" != first ] || sql 'SET GLOBAL group_replication_bootstrap_group = ON'
sql "CHANGE REPLICATION SOURCE TO SOURCE_USER='recovery', SOURCE_PASSWORD='recovery' FOR CHANNEL 'group_replication_recovery'"
sql 'START GROUP_REPLICATION; SET GLOBAL group_replication_bootstrap_group = OFF'
touch "$dir/joined"
for ((i = 0; i < 300; i++)); do
    state=$(sql 'SELECT MEMBER_STATE FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid')
    [ "$state" != ONLINE ] || break
    sleep 0.1
done
if [ "$state" = ONLINE ]; then
    # Any member can be the one that another gets its data from.
    [ "${3:-}" != first ] ||
        sql "CREATE USER recovery@'%' IDENTIFIED BY 'recovery'; GRANT REPLICATION SLAVE ON *.* TO recovery@'%'"
    echo "$url"
    exit 0
fi
echo "$dir: the member is $state" >&2
tail -n 30 "$log" >&2
exit 1

#!/bin/bash
# node.sh DIR/nN N [first]: starts one node, for start.sh; the first one begins the cluster.
here=$(cd "$(dirname "$0")" && pwd -P)
. "$here/../common.sh"
. "$here/../mysqld.sh"
. "$here/../cluster.sh"
mysqld=/usr/sbin/mariadbd
export PATH=$installed/galera/usr/bin:$PATH
node=${2:?N}
read_ports "$dir/.."
args=(--no-defaults --user="$(id -un)" "${quick[@]}")
initialise() { "$here/../mariadb/initialise.sh" "$1"; }
members=$(printf 'gcomm://127.0.0.1:%s,127.0.0.1:%s,127.0.0.1:%s' "${group_ports[@]}")
wsrep=(--wsrep-on=ON --wsrep-provider=/usr/lib/galera/libgalera_smm.so --wsrep-cluster-name=tests
    --wsrep-cluster-address="$members" --wsrep-node-name="n$node"
    --wsrep-node-address="127.0.0.1:${group_ports[node - 1]}"
    --wsrep-node-incoming-address="127.0.0.1:${ports[node - 1]}"
    --wsrep-sst-method=rsync --wsrep-sst-receive-address="127.0.0.1:${sst_ports[node - 1]}"
    --wsrep-provider-options="gmcast.listen_addr=tcp://127.0.0.1:${group_ports[node - 1]};ist.recv_addr=127.0.0.1:${ist_ports[node - 1]};gcache.size=32M;evs.suspect_timeout=PT2S;evs.inactive_timeout=PT4S;evs.keepalive_period=PT0.5S;evs.inactive_check_period=PT0.5S"
    --binlog-format=ROW --innodb-autoinc-lock-mode=2)
[ "${3:-}" != first ] || wsrep+=(--wsrep-new-cluster)
run_args=("${wsrep[@]}")
start "${ports[node - 1]}"

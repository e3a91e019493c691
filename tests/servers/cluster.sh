# Sourced by the scripts of clusters: three servers in the folders n1 to n3 of one folder, on ports that are
# chosen once and kept in its file `ports`.
# shellcheck shell=bash disable=SC2034

# Reads which node listens where: for clients, for the other nodes, and, with Galera, for a node's data.
read_ports() {
    mapfile -t ports <"$1/ports"
    group_ports=("${ports[@]:3:3}") ist_ports=("${ports[@]:6:3}") sst_ports=("${ports[@]:9:3}")
}

# three_nodes SCRIPT ROOT [NODE]: starts all nodes by SCRIPT, or one
three_nodes() {
    local script=$1 root=$2 node
    mkdir -p "$root"/n{1,2,3}
    if [ ! -e "$root/ports" ]; then
        for ((node = 0; node < 12; node++)); do free_port; done >"$root/ports"
    fi
    if [ -n "${3:-}" ]; then
        "$script" "$root/n$3" "$3"
        return
    fi
    "$script" "$root/n1" 1 first
    # one after the other: each gets what the first has
    "$script" "$root/n2" 2
    "$script" "$root/n3" 3
}

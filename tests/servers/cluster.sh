# Sourced by the scripts of clusters: three servers in the folders n1 to n3 of one folder, on ports that are
# chosen once and kept in its file `ports`.
# shellcheck shell=bash disable=SC2034

# Reads which node listens where: for clients, for the other nodes, and, with Galera, for a node's data.
read_ports() {
    mapfile -t ports <"$1/ports"
    group_ports=("${ports[@]:3:3}") ist_ports=("${ports[@]:6:3}") sst_ports=("${ports[@]:9:3}")
}

# start_cluster FOLDER DIR [NODE]: starts all nodes in DIR by the scripts in FOLDER, or one
start_cluster() {
    local scripts=$1 root node
    root=$(realpath -m "${2:?DIR}")
    "$scripts/install.sh"
    mkdir -p "$root"/n{1,2,3}
    if [ ! -e "$root/ports" ]; then
        for ((node = 0; node < 12; node++)); do free_port; done >"$root/ports"
    fi
    if [ -n "${3:-}" ]; then
        "$scripts/node.sh" "$root/n$3" "$3"
        return
    fi
    "$scripts/node.sh" "$root/n1" 1 first
    # one after the other: each gets what the first has
    "$scripts/node.sh" "$root/n2" 2
    "$scripts/node.sh" "$root/n3" 3
}

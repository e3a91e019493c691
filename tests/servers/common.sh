# Sourced by every script here: which servers there are, where they are installed, and how.
# shellcheck shell=bash
set -euo pipefail
export LC_ALL=C
servers=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# in the order in which the URLs are listed
names=(postgres mariadb mysql56 mysql)
# other versions, on which a few tests run
further=(postgres12 postgres18 mariadb11)
# what is downloaded; a folder outside the clone spares each further clone the downloads
installed=$(realpath -m "${MLFLOW_MIGRATE_SERVERS:-$servers/.installed}")

# Installs Debian packages, which only root can.
install_packages() {
    if [ "$(id -u)" -ne 0 ]; then
        echo "missing; as root: apt-get install -y --no-install-recommends $*" >&2
        return 1
    fi
    # apt does not wait for another's `apt-get update`: several servers are installed at once
    (
        flock 9
        export DEBIAN_FRONTEND=noninteractive
        apt-get -qq update
        apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install "$@"
    ) 9>/run/lock/mlflow-migrate-servers >&2
}

# Runs a command while no other script downloads the same server.
with_lock() {
    local name=$1
    shift
    mkdir -p "$installed"
    (flock 9 && "$@") 9>"$installed/$name.lock"
}

# A port that nobody listens on now; below those that the kernel gives to clients, which would take
# it between the look and the server's start.
free_port() {
    local port
    while :; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return 0; }
    done
}

# start_on_port PORT LOG FUNCTION: calls FUNCTION PORT; without a PORT on free ones, until one is not
# taken by another server just then.
start_on_port() {
    local port=$1 log=$2 attempt
    shift 2
    [ -z "$port" ] || { "$@" "$port"; return; }
    for ((attempt = 1; ; attempt++)); do
        "$@" "$(free_port)" && return 0
        [ "$attempt" -lt 5 ] && grep -q 'Address already in use' "$log" || return 1
    done
}

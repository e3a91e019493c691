#!/bin/bash
# start.sh [--only NAME,NAME] DIR: starts the private servers in DIR, installs what is missing, and prints
# what a shell needs to know of them; the same is in DIR/env.sh. Servers that are up stay as they are.
# `stop.sh DIR` ends them. MLFLOW_MIGRATE_SERVERS_ONLY: the same as --only. The URLs of other versions, on
# which only `conformance` runs a few tests, are in a variable of their own.
. "$(dirname "$0")/common.sh"
usage() { echo "usage: start.sh [--only NAME,NAME] DIR    (NAME: ${names[*]} ${further[*]})" >&2; exit 2; }

only=${MLFLOW_MIGRATE_SERVERS_ONLY:-}
if [ "${1:-}" = --only ]; then
    only=${2:-}
    shift 2 || usage
fi
[ $# -eq 1 ] || usage
dir=$(realpath -m "$1")
wanted=()
if [ -n "$only" ]; then
    IFS=', ' read -r -a listed <<<"$only"
    for name in "${listed[@]}"; do
        [[ " ${names[*]} ${further[*]} " = *" $name "* ]] || { echo "start.sh: there is no server $name" >&2; usage; }
    done
fi
for name in "${names[@]}" "${further[@]}"; do
    [[ -z $only || " ${listed[*]} " = *" $name "* ]] && wanted+=("$name")
done

mkdir -p "$dir"
"$servers/certificates.sh" "$dir/tls"
declare -A starting
for name in "${wanted[@]}"; do
    mkdir -p "$dir/$name"
    "$servers/$name/start.sh" "$dir/$name" "" "$dir/tls" >"$dir/$name/url" 2>"$dir/$name/start.log" &
    starting[$name]=$!
done
failed=()
urls=() required=() further_urls=()
for name in "${wanted[@]}"; do
    if wait "${starting[$name]}"; then
        if [[ " ${further[*]} " = *" $name "* ]]; then
            further_urls+=("$(cat "$dir/$name/url")")
        else
            urls+=("$(cat "$dir/$name/url")")
            required+=("$name")
        fi
    else
        failed+=("$name")
        { echo "$name could not be installed or started:"; sed 's/^/    /' "$dir/$name/start.log"; } >&2
        echo "    its logs: $dir/$name/*.log" >&2
    fi
done
[ ${#failed[@]} -eq 0 ] || exit 1

cat >"$dir/env.sh" <<ENV
export MLFLOW_MIGRATE_TEST_URLS='${urls[*]}'
export MLFLOW_MIGRATE_REQUIRE_SERVERS='${required[*]}'
export MLFLOW_MIGRATE_TEST_FURTHER_URLS='${further_urls[*]}'
export MLFLOW_MIGRATE_TEST_CA='$dir/tls/ca.pem'
export MLFLOW_MIGRATE_TEST_CLIENT_CERT='$dir/tls/client.pem'
export MLFLOW_MIGRATE_TEST_CLIENT_KEY='$dir/tls/client-key.pem'
export MLFLOW_MIGRATE_TEST_MYSQLDUMP='$installed/mysql/mysqldump'
ENV
cat "$dir/env.sh"

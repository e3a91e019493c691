#!/bin/bash
# install.sh: Debian sid's mariadbd, 11.8.
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../archive.sh"

install() {
    local prefix=$installed/mariadb11 new=$installed/mariadb11.new
    [ ! -x "$prefix/mariadbd" ] || return 0 # another did it while this one waited
    unpack_from_sid "$new" mariadb-server-core
    by_own_loader "$new" mariadbd usr/sbin/mariadbd
    "$new/mariadbd" --no-defaults --version >&2
    rm -rf "$new.apt" "$prefix"
    mv "$new" "$prefix"
}
[ -x "$installed/mariadb11/mariadbd" ] || with_lock mariadb11 install
